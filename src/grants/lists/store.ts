import type { Tx } from "../../database/index.ts";
import type { PageRequest } from "../../kernel/schemas.ts";
import type { GrantStatus } from "../states.ts";
import { columns, type GrantRow } from "../store.ts";

export interface GrantFilter {
  readonly status?: GrantStatus | undefined;
  readonly requestRef?: string | undefined;
  readonly target?: string | undefined;
  readonly environment?: string | undefined;
  readonly executor?: string | undefined;
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

/** Newest first. Only what is asked for is in the statement, so that it is planned for that. */
export async function selectGrants(
  tx: Tx,
  filter: GrantFilter,
  page: PageRequest,
): Promise<(GrantRow & { position: string })[]> {
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${values.push(given)}`;
  const limit = value(page.limit + 1);
  const conditions = [
    ...(filter.requestRef === undefined ? [] : [`request_ref = ${value(filter.requestRef)}`]),
    ...(filter.target === undefined ? [] : [`scope ->> 'target' = ${value(filter.target)}`]),
    ...(filter.environment === undefined ? [] : [`scope ->> 'environment' = ${value(filter.environment)}`]),
    ...(filter.executor === undefined ? [] : [`scope ->> 'executor' = ${value(filter.executor)}`]),
    ...(page.after === undefined
      ? []
      : [
          `(granted_at, auth_code) < (timestamptz 'epoch' + ${value(page.after[0])}::bigint * interval '1 microsecond', ${value(page.after[1])})`,
        ]),
  ];
  const arms = asOfNow[filter.status ?? "any"].map(
    (status) =>
      `(SELECT ${columns}, now, (extract(epoch FROM granted_at) * 1000000)::bigint::text AS position
          FROM governance_build_authorization, moment WHERE ${[status, ...conditions].join(" AND ")}
         ORDER BY granted_at DESC, auth_code DESC LIMIT ${limit})`,
  );
  const { rows } = await tx.query<GrantRow & { position: string }>(
    `WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now)
     SELECT * FROM (${arms.join(" UNION ALL ")}) AS found ORDER BY granted_at DESC, auth_code DESC LIMIT ${limit}`,
    values,
  );
  return rows;
}
