import { type Tx, violatedConstraint } from "../../database/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import { checkSignature, type EsignInput, esignInvalid, type RelyingParty } from "../../signatures/index.ts";
import { PlanProblem } from "../errors.ts";
import { requireRevision } from "../read.ts";
import type { ProposalApproval } from "../schemas.ts";
import { approvalStatus } from "../states.ts";
import { readProposalApproval } from "./read.ts";
import { type ApprovalRow, findApproval, insertProposalSignature, lockApproval, proposalPayload } from "./store.ts";
import { transition } from "./transition.ts";

/** The canonical bytes that a sovereign signs of a record (ESIGN-1). @throws ServiceProblem NOT_FOUND; SignatureProblem */
export async function readProposalPayload(tx: Tx, code: string): Promise<string> {
  const row = await findApproval(tx, code);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no record ${code}.`);
  if (!row.signed) throw esignInvalid("not_commit_mode", `The step of ${code} demands no signature.`, "");
  return proposalPayload(tx, code);
}

/**
 * Makes a draft record active by a sovereign's signature over its payload (PLAN-9, ESIGN-2).
 * @throws SignatureProblem ESIGN_INVALID; PlanProblem RECORD_EXPIRED, RECORD_REVOKED; ServiceProblem NOT_FOUND
 */
export async function signProposalApproval(
  tx: Tx,
  caller: Caller,
  code: string,
  input: EsignInput,
  party: RelyingParty,
): Promise<ProposalApproval> {
  const row = await lockApproval(tx, code);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no record ${code}.`);
  requireSignable(row);
  const payload = await proposalPayload(tx, code);
  const { key, kept, pointer } = await checkSignature(tx, caller, input, payload, party);
  const author = (await requireRevision(tx, row.plan_id, row.revision)).registered_by;
  if (caller.principal === author) {
    throw esignInvalid(
      "signer_is_requester",
      `${caller.principal} is the plan's author; another sovereign signs ${code}.`,
      "",
    );
  }
  if (caller.principal === row.executor) {
    throw esignInvalid(
      "signer_is_executor",
      `${caller.principal} is the executor; another sovereign signs ${code}.`,
      "",
    );
  }
  await insertProposalSignature(tx, { code, kid: key.kid, payload, kept }).catch((error: unknown) => {
    switch (violatedConstraint(error)) {
      case "signature_key_in_force":
        throw esignInvalid("key_expired", `${key.kid} is no longer in force.`, pointer, error);
      case "signature_valid":
        throw esignInvalid("mismatch", `The signature is not by the key ${key.kid} over these bytes.`, pointer, error);
      default:
        throw error;
    }
  });
  await transition(tx, caller, row, { to: "active" }, { kid: key.kid, alg: key.alg });
  return readProposalApproval(tx, code);
}

function requireSignable(row: ApprovalRow): void {
  const status = approvalStatus(row, row.now);
  const code = row.approval_code;
  if (status === "draft") return;
  if (status === "expired") {
    throw new PlanProblem("RECORD_EXPIRED", `${code} expired at ${row.expires_at.toISOString()}.`);
  }
  if (status === "revoked") throw new PlanProblem("RECORD_REVOKED", `${code} was revoked: ${row.revoked_reason}`);
  throw esignInvalid("already_signed", `${code} is ${status}; a signature changes nothing.`, "");
}
