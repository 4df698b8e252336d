import type { Tx } from "../../database/index.ts";
import { lookedThrough } from "../../kernel/paging.ts";
import type { PageRequest } from "../../kernel/schemas.ts";
import type { GrantStatus } from "../states.ts";
import { columns, type GrantRow } from "../store.ts";

export interface GrantFilter {
  readonly status?: GrantStatus | undefined;
  readonly requestRef?: string | undefined;
  readonly target?: string | undefined;
  readonly environment?: string | undefined;
  readonly executor?: string | undefined;
  readonly planId?: string | undefined;
  /** Words, as requests are searched by: a grant is found by its request. */
  readonly search?: string | undefined;
}

/** Each status as it is now, in words that an index answers: one that has run out is expired before the sweeper has been there. */
const asOfNow: Readonly<Record<GrantStatus | "any", readonly string[]>> = {
  any: ["true"],
  draft: ["status = 'draft' AND expires_at > now"],
  active: ["status = 'active' AND expires_at > now"],
  consumed: ["status = 'consumed'"],
  revoked: ["status = 'revoked'"],
  expired: ["status = 'expired'", "status IN ('draft', 'active') AND expires_at <= now"],
};

type Listed = GrantRow & { position: string };

/** Newest first. Only what is asked for is in the statement, so that it is planned for that. */
export async function selectGrants(tx: Tx, filter: GrantFilter, page: PageRequest): Promise<Listed[]> {
  if (filter.search === undefined) return select(tx, filter, page, "all");
  const newest = await select(tx, filter, page, "newest");
  if (newest.length > page.limit) return newest;
  const rest = await select(tx, filter, { ...page, limit: page.limit - newest.length }, "rest");
  return [...newest, ...rest];
}

/** Of a search: the newest rows, which are looked at one by one, and the rest of them. */
type Part = "all" | "newest" | "rest";

async function select(tx: Tx, filter: GrantFilter, page: PageRequest, part: Part): Promise<Listed[]> {
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${values.push(given)}`;
  const limit = value(page.limit + 1);
  const { from, order, conditions } = rowsOf(filter, part, bindingConditions(filter, page, value), value);
  const arms = asOfNow[filter.status ?? "any"].map(
    (status) =>
      `(SELECT ${columns}, now, (extract(epoch FROM granted_at) * 1000000)::bigint::text AS position
          FROM ${from}, moment WHERE ${[status, ...conditions].join(" AND ")}
         ORDER BY ${order} LIMIT ${limit})`,
  );
  const { rows } = await tx.query<Listed>(
    `WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now)
     SELECT * FROM (${arms.join(" UNION ALL ")}) AS found ORDER BY granted_at DESC, auth_code DESC LIMIT ${limit}`,
    values,
  );
  return rows;
}

function bindingConditions(filter: GrantFilter, page: PageRequest, value: (given: unknown) => string): string[] {
  return [
    ...(filter.requestRef === undefined ? [] : [`request_ref = ${value(filter.requestRef)}`]),
    ...(filter.target === undefined ? [] : [`scope ->> 'target' = ${value(filter.target)}`]),
    ...(filter.environment === undefined ? [] : [`scope ->> 'environment' = ${value(filter.environment)}`]),
    ...(filter.executor === undefined ? [] : [`scope ->> 'executor' = ${value(filter.executor)}`]),
    ...(filter.planId === undefined ? [] : [`scope ->> 'plan_id' = ${value(filter.planId)}`]),
    ...(page.after === undefined
      ? []
      : [
          `(granted_at, auth_code) < (timestamptz 'epoch' + ${value(page.after[0])}::bigint * interval '1 microsecond', ${value(page.after[1])})`,
        ]),
  ];
}

/** Where the rows come from and in which order: a search is by the words of the request. */
function rowsOf(
  filter: GrantFilter,
  part: Part,
  conditions: readonly string[],
  value: (given: unknown) => string,
): { readonly from: string; readonly order: string; readonly conditions: readonly string[] } {
  const table = "governance_build_authorization";
  const order = "granted_at DESC, auth_code DESC";
  if (part === "all") return { from: table, order, conditions };

  const ordered = `${table} ${conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`} ORDER BY ${order}`;
  const words = `t.words @@ search_query(${value(filter.search)})`;
  if (part === "newest") {
    const own = `EXISTS (SELECT FROM approval_request_terms t WHERE t.request_ref = ${table}.request_ref AND ${words} OFFSET 0)`;
    return { from: `(SELECT * FROM ${ordered} LIMIT ${lookedThrough}) AS ${table}`, order, conditions: [own] };
  }
  const last = `SELECT granted_at, auth_code FROM ${ordered} OFFSET ${lookedThrough - 1} LIMIT 1`;
  return {
    from: table,
    // An order that no index has: the planner is not to go through the rows in theirs in the hope of a page soon.
    order: "granted_at + interval '0' DESC, auth_code DESC",
    conditions: [
      ...conditions,
      `request_ref IN (SELECT t.request_ref FROM approval_request_terms t WHERE ${words})`,
      `(granted_at, auth_code) < (${last})`,
    ],
  };
}
