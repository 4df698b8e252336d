import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { pageOf, pageRequest } from "../kernel/paging.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { PageOf } from "../kernel/schemas.ts";
import { principalsWith } from "../principals/index.ts";
import { presentRequest, presentSummary } from "./present.ts";
import type { Risk } from "./quorum.ts";
import type { ApprovalRequest, ApprovalRequestInput, ApprovalRequestSummary } from "./schemas.ts";
import type { RequestStatus } from "./states.ts";
import { type Relation, selectRequests } from "./lists/store.ts";
import { findRequest, type RequestRow, votesOn } from "./store.ts";

export interface RequestQuery {
  limit?: number;
  cursor?: string;
  status?: RequestStatus;
  action_code?: string;
  requested_by?: string;
  relation?: Relation;
  risk?: Risk;
  plan_id?: string;
  target?: string;
  environment?: string;
  q?: string;
  comparable_to?: string;
}

/** One request with its votes, its quorum, its result and who may still decide. @throws ServiceProblem NOT_FOUND */
export async function readRequest(tx: Tx, aprCode: string): Promise<ApprovalRequest> {
  const row = await findRequest(tx, aprCode);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no approval request ${aprCode}.`);
  return wholeRequest(tx, row);
}

/** Who asked and who voted: they neither execute nor sign (APR-3, ESIGN-2). @throws ServiceProblem NOT_FOUND */
export async function participantsOf(tx: Tx, aprCode: string): Promise<{ requestedBy: string; voters: string[] }> {
  const row = await findRequest(tx, aprCode);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no approval request ${aprCode}.`);
  const votes = await votesOn(tx, [aprCode]);
  return { requestedBy: row.requested_by, voters: votes.map((vote) => vote.voter) };
}

/** The rehearsal that a request names, if it names one (OPEN-1). */
export async function rehearsalOf(tx: Tx, aprCode: string): Promise<string | undefined> {
  const row = await findRequest(tx, aprCode);
  return row === undefined
    ? undefined
    : (JSON.parse(row.content) as ApprovalRequestInput).proposed_action.rehearsal_ref;
}

export async function wholeRequest(tx: Tx, row: RequestRow): Promise<ApprovalRequest> {
  const votes = await votesOn(tx, [row.apr_code]);
  return presentRequest(row, votes, await principalsWith(tx, ["approver", "council"]));
}

/** Requests, newest first; `relation` asks what waits for the caller, is theirs, or was decided by them (OPEN-8). */
export async function listRequests(
  tx: Tx,
  caller: Caller,
  query: RequestQuery,
): Promise<PageOf<ApprovalRequestSummary>> {
  const page = pageRequest(query, ["microseconds", "name"]);
  const filter = {
    status: query.status,
    actionCode: query.action_code,
    requestedBy: query.requested_by,
    relation: query.relation,
    risk: query.risk,
    planId: query.plan_id,
    target: query.target,
    environment: query.environment,
    search: query.q,
    comparableTo: query.comparable_to,
    principal: caller.principal,
    mayVote: caller.roles.includes("approver") || caller.roles.includes("council"),
  };
  const rows = await selectRequests(tx, filter, page);
  const votes = Map.groupBy(
    await votesOn(
      tx,
      rows.map((row) => row.apr_code),
    ),
    (vote) => vote.apr_code,
  );
  return pageOf(
    rows,
    page.limit,
    (row) => [row.position, row.apr_code],
    (row) => presentSummary(row, votes.get(row.apr_code) ?? []),
  );
}
