export { Authenticator } from "./authenticator.ts";
export { PrincipalProblem } from "./errors.ts";
export { checkServerKeys, ensurePrincipal } from "./principals.ts";
export {
  findPrincipal,
  listPrincipals,
  lockPrincipals,
  type PrincipalRow,
  principalsWith,
  type TokenRow,
  tokensExpiringWithin,
} from "./store.ts";
export { createToken, type Identity, identify, recordUse, revokeToken, tokens } from "./tokens.ts";
