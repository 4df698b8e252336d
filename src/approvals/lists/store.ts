import type { Tx } from "../../database/index.ts";
import { lookedThrough } from "../../kernel/paging.ts";
import type { PageRequest } from "../../kernel/schemas.ts";
import type { Risk } from "../quorum.ts";
import type { RequestStatus } from "../states.ts";
import { columns, type RequestRow } from "../store.ts";

/** What a request is to whoever asks: one that they may vote on, have created, or have voted on. */
export type Relation = "can_vote" | "created" | "voted";

export interface RequestFilter {
  readonly status?: RequestStatus | undefined;
  readonly actionCode?: string | undefined;
  readonly requestedBy?: string | undefined;
  readonly risk?: Risk | undefined;
  readonly planId?: string | undefined;
  readonly target?: string | undefined;
  readonly environment?: string | undefined;
  /** Words, each the beginning of one in the code, title, requester, plan or target. */
  readonly search?: string | undefined;
  /** What was approved or executed for the same plan and target as this request, without itself. */
  readonly comparableTo?: string | undefined;
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

type Listed = RequestRow & { position: string };

/** Newest first. Only what is asked for is in the statement, so that it is planned for that. */
export async function selectRequests(tx: Tx, filter: RequestFilter, page: PageRequest): Promise<Listed[]> {
  if (filter.search === undefined) return select(tx, filter, page, "all");
  const newest = await select(tx, filter, page, "newest");
  if (newest.length > page.limit) return newest;
  const rest = await select(tx, filter, { ...page, limit: page.limit - newest.length }, "rest");
  return [...newest, ...rest];
}

async function select(tx: Tx, filter: RequestFilter, page: PageRequest, part: Part): Promise<Listed[]> {
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${values.push(given)}`;
  const limit = value(page.limit + 1);
  const { from, order, conditions } = rowsOf(filter, page, part, value);
  const all = [
    ...conditions,
    ...(filter.actionCode === undefined ? [] : [`proposed_action_code = ${value(filter.actionCode)}`]),
    ...(filter.requestedBy === undefined ? [] : [`requested_by = ${value(filter.requestedBy)}`]),
    ...relationConditions(filter, value),
  ];
  const arms = statusesOf(filter).map(
    (status) =>
      `(SELECT ${columns}, now, (extract(epoch FROM created_at) * 1000000)::bigint::text AS position
          FROM ${from}, moment WHERE ${[status, ...all].join(" AND ")}
         ORDER BY ${order} LIMIT ${limit})`,
  );
  const { rows } = await tx.query<Listed>(
    `WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now)
     SELECT * FROM (${arms.join(" UNION ALL ")}) AS found ORDER BY created_at DESC, apr_code DESC LIMIT ${limit}`,
    values,
  );
  return rows;
}

/** Of a search: the newest rows, which are looked at one by one, and the rest of them. */
type Part = "all" | "newest" | "rest";

interface Rows {
  readonly from: string;
  readonly order: string;
  readonly conditions: readonly string[];
}

/** Where the rows come from and in which order: what is searched by stands in a table of its own. */
function rowsOf(filter: RequestFilter, page: PageRequest, part: Part, value: (given: unknown) => string): Rows {
  const after = (key: string) =>
    page.after === undefined
      ? []
      : [
          `(${key}) < (timestamptz 'epoch' + ${value(page.after[0])}::bigint * interval '1 microsecond', ${value(page.after[1])})`,
        ];
  const terms = termConditions(filter, value);
  if (terms.length === 0 && part === "all") {
    return {
      from: "approval_requests r",
      order: "created_at DESC, apr_code DESC",
      conditions: after("created_at, apr_code"),
    };
  }
  const order = "submitted_at DESC, request_ref DESC";
  const conditions = [...terms, ...after("submitted_at, request_ref")];
  const join = "t JOIN approval_requests r ON r.apr_code = t.request_ref";
  if (part === "all") return { from: `approval_request_terms ${join}`, order, conditions };

  const ordered = `approval_request_terms ${conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`} ORDER BY ${order}`;
  const words = `words @@ search_query(${value(filter.search)})`;
  if (part === "newest") {
    return { from: `(SELECT * FROM ${ordered} LIMIT ${lookedThrough}) ${join}`, order, conditions: [words] };
  }
  const last = `SELECT submitted_at, request_ref FROM ${ordered} OFFSET ${lookedThrough - 1} LIMIT 1`;
  return {
    from: `approval_request_terms ${join}`,
    // An order that no index has: the planner is not to go through the rows in theirs in the hope of a page soon.
    order: "submitted_at + interval '0' DESC, request_ref DESC",
    conditions: [...conditions, words, `(submitted_at, request_ref) < (${last})`],
  };
}

function statusesOf({ status, comparableTo }: RequestFilter): readonly string[] {
  if (status === undefined && comparableTo !== undefined) return [...asOfNow.approved, ...asOfNow.executed];
  return asOfNow[status ?? "any"];
}

function termConditions(filter: RequestFilter, value: (given: unknown) => string): string[] {
  const conditions: string[] = [];
  const { risk, planId, target, environment, comparableTo } = filter;
  if (risk !== undefined) conditions.push(`risk_level = ${value(risk)}`);
  if (planId !== undefined) conditions.push(`plan_id = ${value(planId)}`);
  if (target !== undefined) conditions.push(`target = ${value(target)}`);
  if (environment !== undefined) conditions.push(`environment = ${value(environment)}`);
  if (comparableTo !== undefined) {
    const code = value(comparableTo);
    const own = (name: string) =>
      `${name} = (SELECT s.${name} FROM approval_request_terms s WHERE s.request_ref = ${code})`;
    conditions.push(own("plan_id"), own("target"), `request_ref <> ${code}`);
  }
  return conditions;
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
