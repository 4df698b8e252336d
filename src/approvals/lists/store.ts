import type { Tx } from "../../database/index.ts";
import type { PageRequest } from "../../kernel/schemas.ts";
import type { RequestStatus } from "../states.ts";
import { columns, type RequestRow } from "../store.ts";

/** What a request is to whoever asks: one that they may vote on, have created, or have voted on. */
export type Relation = "can_vote" | "created" | "voted";

export interface RequestFilter {
  readonly status?: RequestStatus | undefined;
  readonly actionCode?: string | undefined;
  readonly requestedBy?: string | undefined;
  /** Seen from `principal`, who may vote if `mayVote`. */
  readonly relation?: Relation | undefined;
  readonly principal: string;
  readonly mayVote: boolean;
}

/** Each status as it is now, in words that an index answers: one that was not decided in time is expired at once. */
const asOfNow: Readonly<Record<RequestStatus | "any", readonly string[]>> = {
  any: ["true"],
  open: ["status = 'open' AND decide_by > now"],
  approved: ["status = 'approved' AND decide_by > now"],
  rejected: ["status = 'rejected'"],
  withdrawn: ["status = 'withdrawn'"],
  executed: ["status = 'executed'"],
  expired: ["status = 'expired'", "status IN ('open', 'approved') AND decide_by <= now"],
};

/** Newest first. Only what is asked for is in the statement, so that it is planned for that. */
export async function selectRequests(
  tx: Tx,
  filter: RequestFilter,
  page: PageRequest,
): Promise<(RequestRow & { position: string })[]> {
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${values.push(given)}`;
  const limit = value(page.limit + 1);
  const conditions = [
    ...(filter.actionCode === undefined ? [] : [`proposed_action_code = ${value(filter.actionCode)}`]),
    ...(filter.requestedBy === undefined ? [] : [`requested_by = ${value(filter.requestedBy)}`]),
    ...relationConditions(filter, value),
    ...(page.after === undefined
      ? []
      : [
          `(created_at, apr_code) < (timestamptz 'epoch' + ${value(page.after[0])}::bigint * interval '1 microsecond', ${value(page.after[1])})`,
        ]),
  ];
  const arms = asOfNow[filter.status ?? "any"].map(
    (status) =>
      `(SELECT ${columns}, now, (extract(epoch FROM created_at) * 1000000)::bigint::text AS position
          FROM approval_requests r, moment WHERE ${[status, ...conditions].join(" AND ")}
         ORDER BY created_at DESC, apr_code DESC LIMIT ${limit})`,
  );
  const { rows } = await tx.query<RequestRow & { position: string }>(
    `WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now)
     SELECT * FROM (${arms.join(" UNION ALL ")}) AS found ORDER BY created_at DESC, apr_code DESC LIMIT ${limit}`,
    values,
  );
  return rows;
}

function relationConditions(filter: RequestFilter, value: (given: unknown) => string): string[] {
  const { relation, principal, mayVote } = filter;
  if (relation === undefined) return [];
  const who = value(principal);
  const votes = `SELECT v.apr_code FROM apr_approvals v WHERE v.voter = ${who}`;
  if (relation === "created") return [`requested_by = ${who}`];
  if (relation === "voted") return [`apr_code IN (${votes})`];
  if (!mayVote) return ["false", `${who} <> ''`];
  return [
    "status = 'open' AND decide_by > now",
    `requested_by <> ${who}`,
    `content::jsonb #>> '{proposed_action,executor}' IS DISTINCT FROM ${who}`,
    `NOT EXISTS (${votes} AND v.apr_code = r.apr_code)`,
  ];
}
