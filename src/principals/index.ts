export { Authenticator } from "./authenticator.ts";
export type { RoleMap } from "./claims.ts";
export { PrincipalProblem } from "./errors.ts";
export { type IssuerSettings, OidcIssuer } from "./oidc.ts";
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
