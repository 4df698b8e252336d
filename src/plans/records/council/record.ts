import { randomUUID } from "node:crypto";
import { isUniqueViolation, type Tx } from "../../../database/index.ts";
import { appendEvent } from "../../../evidence/index.ts";
import type { Caller } from "../../../kernel/caller.ts";
import { pageOf, pageRequest } from "../../../kernel/paging.ts";
import { ServiceProblem } from "../../../kernel/problems.ts";
import type { PageOf } from "../../../kernel/schemas.ts";
import { PlanProblem } from "../../errors.ts";
import { planOf, requireRevision, requireStep } from "../../read.ts";
import type { CouncilQuery, CouncilRecord, CouncilRecordInput } from "../../schemas.ts";
import { requireDigest } from "../approve.ts";
import {
  type CouncilRow,
  insertCouncilRecord,
  lockCouncilRecord,
  selectCouncilRecords,
  setCouncilRevoked,
} from "./store.ts";

/**
 * Records what the council has decided of a step (C-1, C-2), by a member who is not the plan's author (PLAN-9).
 * @throws PlanProblem RECORD_MISMATCH; ServiceProblem NOT_FOUND, FORBIDDEN
 */
export async function recordDecision(tx: Tx, caller: Caller, input: CouncilRecordInput): Promise<CouncilRecord> {
  const revision = await requireRevision(tx, input.plan_id, input.revision);
  const step = requireStep(planOf(revision), input.step);
  requireDigest(revision.plan_digest, input);
  if (!(step.records ?? []).includes(input.kind)) {
    const detail = `Step ${input.step} needs no ${input.kind} record.`;
    throw new PlanProblem("RECORD_MISMATCH", detail, { errors: [{ pointer: "/kind", detail }] });
  }
  if (caller.principal === revision.registered_by) {
    throw new ServiceProblem("FORBIDDEN", `${caller.principal} is the plan's author; another member records it.`);
  }
  const row = await insertCouncilRecord(tx, {
    ...input,
    record_code: `${input.kind.replace("-", "")}-${randomUUID()}`,
    document_digest: input.document_digest ?? null,
    recorded_by: caller.principal,
  }).catch((error: unknown) => {
    if (!isUniqueViolation(error, "one_live_record")) throw error;
    throw new PlanProblem("RECORD_MISMATCH", `A ${input.kind} record of step ${input.step} stands already.`, {
      cause: error,
    });
  });
  await appendEvent(tx, caller, {
    action: "council_record.recorded",
    resourceType: "council_record",
    resourceId: row.record_code,
    after: { kind: row.kind, plan_id: row.plan_id, revision: row.revision, step: row.step, decision: row.decision },
    digests: { plan_digest: row.plan_digest },
  });
  return presentCouncilRecord(row);
}

/** Takes a council record back; again, it answers the first time's answer. @throws ServiceProblem NOT_FOUND */
export async function revokeCouncilRecord(
  tx: Tx,
  caller: Caller,
  code: string,
  reason: string,
): Promise<CouncilRecord> {
  const row = await lockCouncilRecord(tx, code);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no record ${code}.`);
  if (row.revoked_at !== null) return presentCouncilRecord(row);
  await setCouncilRevoked(tx, code, caller.principal, reason);
  await appendEvent(tx, caller, {
    action: "council_record.revoked",
    resourceType: "council_record",
    resourceId: code,
    before: { revoked: false },
    after: { revoked: true, reason },
    digests: { plan_digest: row.plan_digest },
  });
  return presentCouncilRecord((await lockCouncilRecord(tx, code)) ?? row);
}

/** Council records, newest first. */
export async function listCouncilRecords(tx: Tx, query: CouncilQuery): Promise<PageOf<CouncilRecord>> {
  const page = pageRequest(query, ["microseconds", "name"]);
  const rows = await selectCouncilRecords(tx, query, page);
  return pageOf(rows, page.limit, (row) => [row.position, row.record_code], presentCouncilRecord);
}

function presentCouncilRecord(row: CouncilRow): CouncilRecord {
  const { record_code, kind, plan_id, revision, plan_digest, step, decision, document_digest, recorded_by } = row;
  return {
    record_code,
    kind,
    plan_id,
    revision,
    plan_digest,
    step,
    decision,
    document_digest,
    recorded_by,
    recorded_at: row.recorded_at.toISOString(),
    revoked_at: row.revoked_at?.toISOString() ?? null,
    revoked_by: row.revoked_by,
    revoked_reason: row.revoked_reason,
  };
}
