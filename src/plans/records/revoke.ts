import type { Tx } from "../../database/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import { PlanProblem } from "../errors.ts";
import type { ProposalApproval } from "../schemas.ts";
import { approvalStatus } from "../states.ts";
import { readProposalApproval } from "./read.ts";
import { lockApproval, lockEveryLiveApproval, lockOverdue } from "./store.ts";
import { transition } from "./transition.ts";

/**
 * Takes a record back before it is used; again, it answers the first time's answer. A used one stays used: its run can be
 * stopped (OPEN-4).
 * @throws PlanProblem RECORD_USED, RECORD_EXPIRED; ServiceProblem NOT_FOUND
 */
export async function revokeProposalApproval(
  tx: Tx,
  caller: Caller,
  code: string,
  reason: string,
): Promise<ProposalApproval> {
  const row = await lockApproval(tx, code);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no record ${code}.`);
  const status = approvalStatus(row, row.now);
  if (status === "consumed") {
    throw new PlanProblem(
      "RECORD_USED",
      `${code} was used by ${row.idempotency_root}; say what becomes of that with running.`,
    );
  }
  if (status === "expired")
    throw new PlanProblem("RECORD_EXPIRED", `${code} expired at ${row.expires_at.toISOString()}.`);
  if (status !== "revoked") await transition(tx, caller, row, { to: "revoked", reason });
  return readProposalApproval(tx, code);
}

/** Marks records whose time is over. @returns how many */
export async function expireProposalApprovals(tx: Tx, caller: Caller, limit: number): Promise<number> {
  const rows = await lockOverdue(tx, limit);
  for (const row of rows) await transition(tx, caller, row, { to: "expired" });
  return rows.length;
}

/** Takes back every record that is not used up: after a restore nobody knows which of them was. @returns the codes */
export async function revokeEveryProposalApproval(tx: Tx, caller: Caller, reason: string): Promise<string[]> {
  const rows = await lockEveryLiveApproval(tx);
  for (const row of rows) await transition(tx, caller, row, { to: "revoked", reason });
  return rows.map((row) => row.approval_code);
}
