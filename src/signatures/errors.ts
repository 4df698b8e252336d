import { problemClass } from "../kernel/problem.ts";

export const SignatureProblem = problemClass("SignatureProblem", {
  ESIGN_INVALID: {
    kind: "unprocessable",
    title: "The signature is not valid",
    remedy:
      "`reason` says which check failed. Fetch the signing payload again, sign exactly its bytes with a key that is confirmed and in force, and send the detached JWS with `alg` and `kid` in its header and nothing else; with a passkey, the assertion whose challenge is the payload's SHA-256 digest.",
  },
  SIGNING_KEY_CONFLICT: {
    kind: "conflict",
    title: "The key or its name is taken",
    remedy: "Register another key, or under another kid. A key that was revoked is not registered again.",
  },
  SIGNING_KEY_STATE: {
    kind: "conflict",
    title: "The key is not in a state for this",
    remedy: "Only a pending key is confirmed, by a council member who is not its owner. A revoked key stays revoked.",
  },
});

/** Which check a signature failed, for programs: the member `reason` of ESIGN_INVALID. */
export type EsignReason =
  | "malformed"
  | "header"
  | "algorithm"
  | "unknown_kid"
  | "key_pending"
  | "key_revoked"
  | "key_expired"
  | "key_not_yet_valid"
  | "not_own_key"
  | "signer_not_sovereign"
  | "signer_is_requester"
  | "signer_voted"
  | "signer_is_executor"
  | "not_commit_mode"
  | "already_signed"
  | "unsound_key"
  | "key_kind"
  | "client_data"
  | "client_data_type"
  | "challenge"
  | "origin"
  | "cross_origin"
  | "top_origin"
  | "authenticator_data"
  | "rp_id_hash"
  | "user_presence"
  | "user_verification"
  | "backup_state"
  | "signature_encoding"
  | "mismatch";

/** @param pointer where in the body the fault is */
export function esignInvalid(reason: EsignReason, detail: string, pointer = "/jws", cause?: unknown): Error {
  return new SignatureProblem("ESIGN_INVALID", detail, {
    members: { reason },
    errors: [{ pointer, detail }],
    ...(cause === undefined ? {} : { cause }),
  });
}
