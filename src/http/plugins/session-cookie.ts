import { ServiceProblem } from "../../kernel/problems.ts";

/** How the cookies of this service are sent. */
export interface CookieRules {
  /** For https alone, under a name that only such an answer of this very host can set (`__Host-`). */
  readonly secure: boolean;
}

export type CookieUse = "session" | "sign_in";

export function cookieName(use: CookieUse, { secure }: CookieRules): string {
  return `${secure ? "__Host-" : ""}countersign_${use}`;
}

/**
 * The cookie's value; undefined where there is none.
 * @throws ServiceProblem INVALID_REQUEST where it stands twice: one of them is not ours
 */
export function cookieValue(header: string | undefined, use: CookieUse, rules: CookieRules): string | undefined {
  if (header === undefined || !header.includes("countersign_")) return undefined;
  const start = `${cookieName(use, rules)}=`;
  const found = header
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(start));
  if (found.length <= 1) return found[0]?.slice(start.length);
  const detail = "It must be sent once.";
  throw new ServiceProblem("INVALID_REQUEST", `The cookie ${start.slice(0, -1)} is ambiguous. ${detail}`, {
    errors: [{ pointer: "header cookie", detail }],
  });
}

/**
 * The `set-cookie` header (RFC 6265). No script can read it, no other site can have it sent.
 * @param value of letters, digits, - and _
 * @param seconds how long the browser keeps it; as long as it is open if absent
 */
export function setCookie(use: CookieUse, value: string, rules: CookieRules, seconds?: number): string {
  return [
    `${cookieName(use, rules)}=${value}`,
    ...(seconds === undefined ? [] : [`Max-Age=${seconds}`]),
    "Path=/",
    "HttpOnly",
    ...(rules.secure ? ["Secure"] : []),
    "SameSite=Strict",
  ].join("; ");
}

/** The `set-cookie` header that takes it away. */
export function clearCookie(use: CookieUse, rules: CookieRules): string {
  return setCookie(use, "", rules, 0);
}
