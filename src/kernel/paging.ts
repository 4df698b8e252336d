import { ServiceProblem } from "./problems.ts";
import type { PageOf, PageRequest } from "./schemas.ts";

/** One value of a sort key: whole microseconds since 1970, a rising number, or a name. */
export type KeyPart = "microseconds" | "number" | "name";

/**
 * How many of the newest rows a search looks at one by one. Where they do not fill the page, it asks the index of words, which knows
 * no order, for all others: so neither a word that all have nor one that only old rows have is looked for from end to end.
 */
export const lookedThrough = 2_000;

const forms: Readonly<Record<KeyPart, RegExp>> = {
  microseconds: /^\d{1,17}$/,
  number: /^\d{1,18}$/,
  name: /^[^\0]{1,200}$/,
};

/**
 * Reads `limit` and `cursor` as a keyset position.
 * @param parts what the values of the list's sort key are
 * @throws ServiceProblem INVALID_REQUEST when the cursor was not made by `pageOf`
 */
export function pageRequest(query: { limit?: number; cursor?: string }, parts: readonly KeyPart[]): PageRequest {
  const limit = query.limit ?? 50;
  if (query.cursor === undefined) return { limit, after: undefined };
  const after = decode(query.cursor);
  const whole = after?.length === parts.length && parts.every((part, i) => forms[part].test(after[i] ?? ""));
  if (!whole) {
    throw new ServiceProblem("INVALID_REQUEST", "The cursor is not one that this list has answered.", {
      errors: [{ pointer: "?cursor", detail: "must be the next_cursor of an earlier page" }],
    });
  }
  return { limit, after };
}

/** Makes a page of up to `limit` items out of `limit + 1` rows, with the key of the last one as its cursor. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  key: (row: Row) => readonly string[],
  item: (row: Row) => Item,
): PageOf<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items: shown.map(item),
    next_cursor: more ? Buffer.from(JSON.stringify(key(last))).toString("base64url") : null,
  };
}

function decode(cursor: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    const whole = Array.isArray(value) && value.every((part) => typeof part === "string");
    return whole ? value : undefined;
  } catch {
    return undefined;
  }
}
