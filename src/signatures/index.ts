export { confirmSigningKey } from "./confirm.ts";
export { type EsignReason, esignInvalid, SignatureProblem } from "./errors.ts";
export { type KeyQuery, listSigningKeys, readSigningKey } from "./read.ts";
export { proofPayload, registerKey } from "./register.ts";
export { revokeSigningKey } from "./revoke.ts";
export { Algorithm, Kid, PublicJwk, RevokeKeyInput, SigningKey, SigningKeyInput } from "./schemas.ts";
export { type CheckedSignature, checkDetachedSignature } from "./signer.ts";
export { keyTransitions, shownKeyStatuses } from "./states.ts";
