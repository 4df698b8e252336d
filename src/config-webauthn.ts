import { Refused, type Variable, variable } from "./config-readers.ts";
import { scanJson } from "./kernel/json-scan.ts";
import type { RelyingParty } from "./signatures/index.ts";

/** Where sovereigns sign with passkeys (ESIGN-2). */
export interface WebauthnConfig {
  /** As browsers spell them, all of one host; undefined: see {@link relyingPartyOf}. */
  readonly webauthnOrigins: readonly string[] | undefined;
}

const mostOrigins = 10;

export const webauthnVariables: { readonly [Key in keyof WebauthnConfig]: Variable<WebauthnConfig[Key]> } = {
  webauthnOrigins: variable(
    "WEBAUTHN_ORIGINS",
    "Origins of the pages where passkeys sign: JSON list, all of one host, which the passkeys are bound to for good. Unset: that of PUBLIC_URL where a passkey can be used there, else http://localhost with the service's port.",
    '["https://countersign.example.com"]',
    originList,
  ),
};

function originList(value: string | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const origins = jsonList(value);
  const other = origins.find((origin) => !isUsableOrigin(origin));
  if (other !== undefined) {
    throw new Refused(
      `must have origins as browsers spell them, https (http only on localhost) and by the name of a host, not ${JSON.stringify(other)}`,
    );
  }
  const named = origins as readonly string[];
  if (new Set(named.map(hostOf)).size > 1) {
    throw new Refused("must have origins of one host: a passkey is bound to one");
  }
  return [...new Set(named)];
}

function jsonList(value: string): readonly unknown[] {
  try {
    scanJson(value);
    const parsed: unknown = JSON.parse(value);
    if (Array.isArray(parsed) && parsed.length > 0 && parsed.length <= mostOrigins) return parsed;
  } catch {
    // Said below.
  }
  throw new Refused(`must be a JSON list of 1 to ${mostOrigins} origins such as ["https://countersign.example.com"]`);
}

const hostOf = (origin: string): string => new URL(origin).hostname;

/** Whether a page of that origin is a secure context of a host with a name: an id of a relying party is never an address. */
function isUsableOrigin(origin: unknown): boolean {
  if (typeof origin !== "string" || !URL.canParse(origin)) return false;
  const { protocol, hostname, origin: spelled } = new URL(origin);
  if (spelled !== origin || !/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(hostname) || /^[0-9.]+$/.test(hostname)) {
    return false;
  }
  return protocol === "https:" || (protocol === "http:" && /^(?:.+\.)?localhost$/.test(hostname));
}

/**
 * The origins where passkeys sign and the host that they are bound to: those that are configured, else that of the URL which
 * people use, else this machine's own.
 * @param port that the service listens on
 */
export function relyingPartyOf(
  { webauthnOrigins, publicUrl }: WebauthnConfig & { readonly publicUrl?: string | undefined },
  port: number,
): RelyingParty {
  const published = publicUrl === undefined ? undefined : new URL(publicUrl).origin;
  // A browser leaves the port out where it is the one of the scheme.
  const own = new URL(`http://localhost:${port}`).origin;
  const origins = webauthnOrigins ?? [isUsableOrigin(published) && published !== undefined ? published : own];
  return { rpId: hostOf(origins[0] ?? own), origins };
}
