export {
  type Assertion,
  type AssertionText,
  assertionText,
  readAssertion,
  showAssertion,
  verifyAssertion,
} from "./assertion.ts";
export { bytesOf } from "./base64url.ts";
export { jwkOfSpki } from "./public-key.ts";
export type { RelyingParty } from "./relying-party.ts";
