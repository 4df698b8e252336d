/**
 * Errors without transport: a domain throws a Problem with a stable code; the HTTP edge turns its kind into a
 * status (RFC 9457), the CLI into an exit code. The `detail` is for the client, the `cause` only for the log.
 */
export type ProblemKind =
  | "invalid"
  | "unauthenticated"
  | "forbidden"
  | "not-found"
  | "method-not-allowed"
  | "conflict"
  | "unprocessable"
  | "too-large"
  | "unsupported-media-type"
  | "limited"
  | "unavailable"
  | "internal";

/** What a code means, in one place: its kind, its title, and what the caller should do about it. */
export interface ProblemDefinition {
  readonly kind: ProblemKind;
  readonly title: string;
  /** One or two sentences for the documentation page of the code: what to do next. */
  readonly remedy: string;
}

export type ProblemTable = Readonly<Record<string, ProblemDefinition>>;

/** One invalid place in the input: an RFC 6901 pointer (`/body/…` is not used: the pointer is into the body, or `?name` for a query parameter). */
export interface InputError {
  readonly pointer: string;
  readonly detail: string;
}

export interface ProblemOptions {
  readonly errors?: readonly InputError[];
  /** Further members of the problem document, e.g. `{ mismatched: ["executor"] }`. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** Seconds after which the same request may be sent again. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

export abstract class Problem extends Error {
  abstract readonly code: string;
  abstract readonly definition: ProblemDefinition;
  readonly errors: readonly InputError[] | undefined;
  readonly members: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause });
    this.errors = options.errors;
    this.members = options.members ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

export interface ProblemClass<Code extends string> {
  new (code: Code, detail: string, options?: ProblemOptions): Problem & { readonly code: Code };
  readonly table: Readonly<Record<Code, ProblemDefinition>>;
}

/** Makes the one Problem class of a code table: `class`-like, so `instanceof` and `throw new` read as usual. */
export function problemClass<const Table extends ProblemTable>(
  name: string,
  table: Table,
): ProblemClass<keyof Table & string> {
  type Code = keyof Table & string;
  const made = class extends Problem {
    static readonly table = table;
    readonly code: Code;
    readonly definition: ProblemDefinition;
    constructor(code: Code, detail: string, options: ProblemOptions = {}) {
      super(detail, options);
      this.name = name;
      this.code = code;
      this.definition = table[code] as ProblemDefinition;
    }
  };
  return made;
}
