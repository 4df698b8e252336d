export { readSigningPayload } from "./payload.ts";
export { signGrant } from "./sign.ts";
export { findSignature, type SignatureRow } from "./store.ts";
