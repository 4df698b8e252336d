import Type, { type Static } from "typebox";

/** RFC 3339, UTC, milliseconds. */
export const Timestamp = Type.String({
  format: "date-time",
  pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$",
  examples: ["2026-06-23T08:15:30.250Z"],
});

/** A time in a request: RFC 3339, UTC, milliseconds if need be. */
export const TimestampInput = Type.String({
  format: "date-time",
  pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d{1,3})?Z$",
  examples: ["2027-01-01T00:00:00Z"],
});

export const Digest = Type.String({
  pattern: "^sha256:[0-9a-f]{64}$",
  description: "`sha256:` and 64 lower-case hexadecimal digits.",
  examples: ["sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"],
});

/** Any JSON value. */
export const Json = Type.Unsafe<unknown>({ description: "Any JSON value." });

/** Who acts: a person or a service, as authenticated. */
export const Principal = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$", examples: ["c1-builder"] });

/** A short name, a code or a reference: no control characters, no blanks at either end. */
export function Name(maxLength: number, options: { description?: string; examples?: string[] } = {}) {
  return Type.String({ minLength: 1, maxLength, pattern: "^[^\\s\\p{C}](?:[^\\p{Cc}]*[^\\s\\p{C}])?$", ...options });
}

/** Prose: may run over lines, must not be blank. */
export function Prose(maxLength: number, options: { description?: string; examples?: string[] } = {}) {
  return Type.String({ minLength: 1, maxLength, pattern: "\\S", ...options });
}

export const Limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 200, description: "How many items; 50 if absent." }),
);
export const Cursor = Type.Optional(
  Type.String({ pattern: "^[A-Za-z0-9_-]{1,512}$", description: "`next_cursor` of the page before." }),
);

/** What somebody typed to search by. */
export const SearchText = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: "^[^\\p{Cc}]*$",
  description:
    "Words, all of which are to be found, each as the beginning of a word in the code, title, requester, plan or target. Case and the marks of letters do not matter; no character is a wildcard.",
  examples: ["vocab 0042"],
});

/** A list answer: newest first. */
export function Page<Item extends Type.TSchema>(item: Item) {
  return Type.Object(
    { items: Type.Array(item), next_cursor: Type.Union([Type.String(), Type.Null()]) },
    { additionalProperties: false },
  );
}

export interface PageRequest {
  readonly limit: number;
  readonly after: readonly string[] | undefined;
}

export interface PageOf<Item> {
  items: Item[];
  next_cursor: string | null;
}

export type Timestamp = Static<typeof Timestamp>;
