export { confirmSigningKey } from "./confirm.ts";
export { type EsignReason, esignInvalid, SignatureProblem } from "./errors.ts";
export { type KeyQuery, listSigningKeys, readSigningKey } from "./read.ts";
export { proofPayload, registerKey } from "./register.ts";
export { revokeSigningKey } from "./revoke.ts";
export {
  Algorithm,
  EsignInput,
  Kid,
  PublicJwk,
  RevokeKeyInput,
  SigningKey,
  SigningKeyInput,
  WebauthnSignature,
} from "./schemas.ts";
export { type CheckedSignature, checkSignature, type KeptSignature } from "./signer.ts";
export { showWebauthn, type StoredAssertion } from "./stored.ts";
export { keyTransitions, shownKeyStatuses } from "./states.ts";
export type { RelyingParty } from "./webauthn/index.ts";
