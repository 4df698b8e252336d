import { type Role, roles } from "../kernel/caller.ts";

/** The claims of a token whose signature, issuer, audience and times were found good. */
export type Claims = Readonly<Record<string, unknown>>;

/** Values of the roles claim and what they stand for. */
export type RoleMap = ReadonlyMap<string, readonly Role[]>;

export interface ClaimMapping {
  /** Claim that names the principal. */
  readonly principalClaim: string;
  readonly rolesClaim: string;
  /** Undefined: a value that is the name of a role stands for it. */
  readonly roleMap: RoleMap | undefined;
}

/** As the database has it, and the kernel's schema. */
const principalForm = /^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$/;

/** Names of the service's own actors (`service:sweeper`): nobody else may have one. */
export function isReserved(principal: string): boolean {
  return principal.startsWith("service:");
}

/**
 * Whom the claims name, or why they name nobody. Nothing of the claim's value is in the refusal.
 * @param claim found as {@link claimAt} says
 */
export function principalOf(claims: Claims, claim: string): { principal: string } | { refused: string } {
  const value = claimAt(claims, claim);
  if (value === undefined) return { refused: `The token lacks the claim \`${claim}\`, which names the principal.` };
  if (typeof value !== "string" || !principalForm.test(value)) {
    const form = "1 to 128 letters, digits or . _ @ : + -, the first a letter or digit";
    return { refused: `The token's claim \`${claim}\` is not the name of a principal: ${form}.` };
  }
  if (isReserved(value)) {
    return { refused: `The token's claim \`${claim}\` begins with \`service:\`, which is reserved for this service.` };
  }
  return { principal: value };
}

/**
 * The roles that the claims give, each once and in the order of the contract. With a map only mapped values count;
 * anything that is not a known value gives nothing.
 */
export function rolesOf(claims: Claims, { rolesClaim, roleMap }: ClaimMapping): Role[] {
  const values = valuesOf(claimAt(claims, rolesClaim));
  const given = new Set<string>(roleMap === undefined ? values : values.flatMap((value) => roleMap.get(value) ?? []));
  return roles.filter((role) => given.has(role));
}

/** The claim of this very name, or else the one that a dotted path leads to. Inherited properties are none. */
export function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  return path.split(".").reduce<unknown>((at, name) => {
    if (typeof at !== "object" || at === null || Array.isArray(at) || !Object.hasOwn(at, name)) return undefined;
    return (at as Claims)[name];
  }, claims);
}

function valuesOf(claim: unknown): string[] {
  if (typeof claim === "string") return claim.split(" ");
  return Array.isArray(claim) ? claim.filter((value) => typeof value === "string") : [];
}
