import type { OutgoingRequest } from "./message.ts";

export interface CurlOptions {
  /** Where the service is, for a client that was given none: a page of the service's own. */
  readonly origin?: string;
  /** Headers that are left out, by their lower-case names. */
  readonly omit?: readonly string[];
  /** Further arguments, as they stand in a shell, before the body. */
  readonly append?: readonly string[];
}

/** Whose value is a secret, or is of no use to whoever runs the command. */
const withheldHeaders = new Set(["authorization", "cookie", "x-csrf-token"]);

/**
 * A request as a curl command for a POSIX shell, never with a secret in it: the caller's token is `$COUNTERSIGN_TOKEN`,
 * a lease's is `$LEASE_TOKEN`, to be set by whoever runs it.
 */
export function toCurl(request: OutgoingRequest, options: CurlOptions = {}): string {
  const { method, url, headers, body } = request;
  const whole = /^https?:\/\//.test(url) ? url : (options.origin ?? "") + url;
  const parts = [method === "GET" ? "curl -sS" : `curl -sS -X ${method}`, quoted(whole)];
  if (!isOpen(request)) parts.push('-H "authorization: Bearer $COUNTERSIGN_TOKEN"');
  for (const [name, value] of Object.entries(headers)) {
    const usual = name === "accept" && value === "application/json";
    if (usual || withheldHeaders.has(name) || options.omit?.includes(name) === true) continue;
    parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  }
  parts.push(...(options.append ?? []));
  if (body !== undefined) parts.push(`--data-raw ${withoutSecrets(body, isOpen(request))}`);
  return parts.join(" \\\n  ");
}

/** Signing in is what is done without a token in a header. */
function isOpen({ method, url }: OutgoingRequest): boolean {
  return /\/v1\/session\/(provider|oidc)$/.test(url) || (method === "POST" && url.endsWith("/v1/session"));
}

const mark = "(withheld)";
const secretMembers = new Set(["token", "lease_token"]);

function withoutSecrets(body: string, signsIn: boolean): string {
  const value = JSON.parse(body) as unknown;
  if (typeof value !== "object" || value === null) return quoted(body);
  const secret = Object.entries(value).find(([name, inner]) => secretMembers.has(name) && typeof inner === "string");
  if (secret === undefined) return quoted(body);
  const [before = "", after = ""] = JSON.stringify({ ...value, [secret[0]]: mark }).split(JSON.stringify(mark));
  // The single quotes end for the variable and begin again behind it: within them, it would be no variable.
  return `${quoted(`${before}"`)}"${signsIn ? "$COUNTERSIGN_TOKEN" : "$LEASE_TOKEN"}"${quoted(`"${after}`)}`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
