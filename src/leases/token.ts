import { createHash } from "node:crypto";
import type { ServerKeys } from "../kernel/server-keys.ts";

/**
 * The token of a lease at one fence. It is derived, so that the holder's retry can be shown it again, and no one can
 * read it out of the table, which has only its hash (GRANT-8).
 */
export function leaseToken(
  keys: ServerKeys,
  name: string,
  fencingToken: number,
  keyId = keys.currentId,
): string | undefined {
  const mac = keys.mac("lease-token", keyId, `${name}\n${fencingToken}`);
  return mac === undefined ? undefined : `cl_${keyId}.${mac.toString("base64url")}`;
}

export function leaseTokenHash(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
