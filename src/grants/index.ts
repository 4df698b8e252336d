export { consumeGrant } from "./consume.ts";
export { readReceipt, type StoredReceipt } from "./receipt.ts";
export { readSigningPayload, signGrant } from "./esign/index.ts";
export { GrantProblem } from "./errors.ts";
export { expireGrants } from "./expire.ts";
export { grantForRun, peekGrant, recordRunOutcome, type RunOutcome } from "./for-run.ts";
export { authCodeOf, type MintOrder, type MintOutcome, mintGrant } from "./mint.ts";
export type { GrantMode, GrantScope } from "./predicate.ts";
export { type GrantQuery, listGrants, presentGrant, presentWithSignature, readGrant } from "./read.ts";
export { rehearsalRefOf, rehearsalsToSee, rollsBackOf } from "./rehearsal.ts";
export { revokeGrant } from "./revoke.ts";
export { revokeEveryLiveGrant } from "./revoke-all.ts";
export {
  AuthCode,
  BindingsInput,
  ConsumeInput,
  Grant,
  GrantStatus,
  Mode,
  Receipt,
  RevokeInput,
  SigningPayload,
  Verdict,
} from "./schemas.ts";
export { grantTransitions } from "./states.ts";
export type { GrantRow } from "./store.ts";
export { verifyGrant, verifyNamedGrant } from "./verify.ts";
export { apart } from "./together/consume.ts";
export { type GrantServices, makeGrantServices } from "./together/services.ts";
export { EsignInput } from "../signatures/index.ts";
