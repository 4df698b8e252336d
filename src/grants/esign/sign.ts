import { participantsOf } from "../../approvals/index.ts";
import { type Tx, violatedConstraint } from "../../database/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { digestOfBytes } from "../../kernel/json.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import {
  type CheckedSignature,
  checkSignature,
  type EsignInput,
  type EsignReason,
  esignInvalid,
  type RelyingParty,
} from "../../signatures/index.ts";
import { type GrantRow, lockGrant } from "../store.ts";
import { overtaken, transition } from "../transition.ts";
import { requireCommitMode, requireSignable } from "./payload.ts";
import { insertSignature, signingPayload } from "./store.ts";

/**
 * Makes a draft active by a sovereign's signature over its signing payload (ESIGN-2). The signature is kept
 * with its key as it was (ESIGN-3). Lock order: grant, then key.
 * @throws SignatureProblem ESIGN_INVALID, each fault with its own reason
 * @throws GrantProblem REJECT_AUTH_EXPIRED, REJECT_AUTH_REVOKED; ServiceProblem NOT_FOUND
 */
export async function signGrant(
  tx: Tx,
  caller: Caller,
  authCode: string,
  input: EsignInput,
  party: RelyingParty,
): Promise<GrantRow> {
  const grant = await lockGrant(tx, authCode);
  if (grant === undefined) throw new ServiceProblem("NOT_FOUND", `There is no grant ${authCode}.`);
  requireCommitMode(grant);
  requireSignable(grant);
  const payload = await signingPayload(tx, authCode);
  const checked = await checkSignature(tx, caller, input, payload, party);
  await requireSeparation(tx, caller.principal, grant);

  const { key, kept, reference: esignRef } = checked;
  await insertSignature(tx, { authCode, esignRef, kid: key.kid, payload, kept }).catch((error: unknown) => {
    throw refusedByDatabase(grant, checked, error);
  });
  const also = { kid: key.kid, alg: key.alg, payload_digest: digestOfBytes(payload) };
  return transition(tx, caller, grant, { to: "active", esignRef, also });
}

/** The signer is neither requester nor voter nor executor (ESIGN-2). */
async function requireSeparation(tx: Tx, signer: string, grant: GrantRow): Promise<void> {
  const { requestedBy, voters } = await participantsOf(tx, grant.request_ref);
  const refuse = (reason: EsignReason, did: string): Error =>
    esignInvalid(reason, `${signer} ${did}; another sovereign must sign ${grant.auth_code}.`, "");
  if (signer === requestedBy) throw refuse("signer_is_requester", `requested ${grant.request_ref}`);
  if (voters.includes(signer)) throw refuse("signer_voted", `voted on ${grant.request_ref}`);
  if (signer === grant.scope.executor) throw refuse("signer_is_executor", "is the executor of the grant");
}

/** What changed between our look and the database's, which is the last one. */
function refusedByDatabase(grant: GrantRow, { key: { kid }, pointer }: CheckedSignature, error: unknown): unknown {
  switch (violatedConstraint(error)) {
    case "signature_key_in_force":
      return esignInvalid("key_expired", `${kid} is no longer in force.`, pointer, error);
    case "signature_separation":
      return esignInvalid(
        "signer_not_sovereign",
        "The signer is not, or no longer, a sovereign who may sign this.",
        "",
        error,
      );
    case "signature_valid":
      return esignInvalid("mismatch", `The signature is not by the key ${kid} over these bytes.`, pointer, error);
    default:
      return overtaken(grant, error);
  }
}
