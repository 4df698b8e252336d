import type { Tx } from "../../database/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import type { Step } from "../../plan-file/index.ts";
import { PlanProblem } from "../errors.ts";
import type { RevisionRow } from "../store.ts";
import { type Act, approvalStatus } from "../states.ts";
import { standingRecords } from "./council/store.ts";
import { type ApprovalRow, findProposalSignature, lockApproval } from "./store.ts";
import { transition } from "./transition.ts";

/** What a record is asked for. */
export interface Wanted {
  readonly code: string | undefined;
  readonly revision: RevisionRow;
  readonly step: Step;
  readonly act: Act;
  readonly root: string;
}

/**
 * The one predicate of start and commit: the record is live, of exactly this act on this step of this revision, for this
 * caller, and the council's records stand beside it (PLAN-2, PLAN-9). It locks what it looks at.
 * @returns the record, or undefined where the step needs none
 * @throws PlanProblem STEP_NEEDS_RECORD, RECORD_MISMATCH, RECORD_USED, RECORD_EXPIRED, RECORD_REVOKED, RECORD_UNSIGNED
 */
export async function requireRecords(tx: Tx, caller: Caller, wanted: Wanted): Promise<ApprovalRow | undefined> {
  const needed = wanted.step.records ?? [];
  if (needed.length === 0) {
    if (wanted.code === undefined) return undefined;
    throw mismatch("/approval_code", `Step ${wanted.step.step} needs no record.`);
  }
  if (wanted.code === undefined) {
    throw new PlanProblem(
      "STEP_NEEDS_RECORD",
      `Step ${wanted.step.step} needs ${needed.join(" and ")}; no M-1 record is named.`,
      {
        members: { missing: ["M-1"] },
        errors: [{ pointer: "/approval_code", detail: "must name the M-1 record of this act" }],
      },
    );
  }
  const row = await lockApproval(tx, wanted.code);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no record ${wanted.code}.`);
  requireLive(row, wanted);
  requireOf(row, wanted, caller);
  await requireUnrevokedKey(tx, caller, row);
  const records = await standingRecords(tx, row.plan_id, row.revision, row.step);
  const missing = needed.filter(
    (kind) => kind !== "M-1" && !records.some((one) => one.kind === kind && one.recorded_by !== caller.principal),
  );
  if (missing.length > 0) {
    throw new PlanProblem(
      "STEP_NEEDS_RECORD",
      `Step ${row.step} needs ${missing.join(" and ")} of the council as well.`,
      {
        members: { missing },
      },
    );
  }
  return row;
}

/**
 * Burns the record for this run, by the same lock and compare-and-set as a grant; the same run finds it burned by itself.
 * @throws as `requireRecords`
 */
export async function consumeRecords(tx: Tx, caller: Caller, wanted: Wanted): Promise<void> {
  const row = await requireRecords(tx, caller, wanted);
  if (row === undefined || row.status === "consumed") return;
  await transition(tx, caller, row, { to: "consumed", root: wanted.root }, { idempotency_root: wanted.root });
}

function requireLive(row: ApprovalRow, { root }: Wanted): void {
  const code = row.approval_code;
  switch (approvalStatus(row, row.now)) {
    case "active":
      return;
    case "draft":
      throw new PlanProblem("RECORD_UNSIGNED", `${code} waits for a sovereign's signature.`);
    case "consumed":
      if (row.idempotency_root === root) return;
      throw new PlanProblem(
        "RECORD_USED",
        `${code} was used by ${row.idempotency_root} at ${row.consumed_at?.toISOString()}.`,
      );
    case "revoked":
      throw new PlanProblem("RECORD_REVOKED", `${code} was revoked by ${row.revoked_by}: ${row.revoked_reason}`);
    case "expired":
      throw new PlanProblem("RECORD_EXPIRED", `${code} expired at ${row.expires_at.toISOString()}.`);
  }
}

function requireOf(row: ApprovalRow, { revision, step, act }: Wanted, caller: Caller): void {
  const differing = [
    row.plan_id === revision.plan_id || "plan_id",
    row.revision === revision.revision || "revision",
    row.plan_digest === revision.plan_digest || "plan_digest",
    row.step === step.step || "step",
    row.act === act || "act",
    row.executor === null || row.executor === caller.principal || "executor",
    row.granted_by !== caller.principal || "granted_by",
  ].filter((one) => one !== true);
  if (differing.length === 0) return;
  throw mismatch(
    "/approval_code",
    `${row.approval_code} is for the ${row.act} of step ${row.step} of ${row.plan_id}/${row.revision}; ${differing.join(", ")} differ.`,
    differing,
  );
}

async function requireUnrevokedKey(tx: Tx, caller: Caller, row: ApprovalRow): Promise<void> {
  if (!row.signed) return;
  const signature = await findProposalSignature(tx, row.approval_code, "share");
  if (signature?.signer === caller.principal) {
    throw mismatch("/approval_code", `${caller.principal} has signed ${row.approval_code}; another executor uses it.`, [
      "signer",
    ]);
  }
  if (signature?.key_revoked_at === null) return;
  throw new PlanProblem("RECORD_REVOKED", `The key that ${row.approval_code} was signed with has been revoked.`);
}

function mismatch(pointer: string, detail: string, mismatched: unknown[] = []): Error {
  return new PlanProblem("RECORD_MISMATCH", detail, { errors: [{ pointer, detail }], members: { mismatched } });
}
