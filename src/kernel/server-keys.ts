import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** What a key is used for; each use has a key of its own, derived with HKDF (RFC 5869). */
export type KeyUse = "api-token" | "lease-token" | "self-check";

export interface ServerKey {
  readonly id: string;
  readonly secret: Buffer;
}

/** The keys of the service: the first signs, all of them verify, so that a key can be rotated without an outage. */
export class ServerKeys {
  readonly currentId: string;
  readonly ids: readonly string[];
  readonly #derived: ReadonlyMap<string, Readonly<Record<KeyUse, Buffer>>>;

  constructor(keys: readonly [ServerKey, ...ServerKey[]]) {
    this.currentId = keys[0].id;
    this.ids = keys.map((key) => key.id);
    this.#derived = new Map(keys.map((key) => [key.id, derive(key.secret)]));
  }

  /** HMAC-SHA-256 of `message` under the named key; undefined when the service does not have that key. */
  mac(use: KeyUse, keyId: string, message: string): Buffer | undefined {
    const key = this.#derived.get(keyId)?.[use];
    return key === undefined ? undefined : createHmac("sha256", key).update(message).digest();
  }
}

/** Compares in constant time; buffers of unlike length are unlike. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function derive(secret: Buffer): Record<KeyUse, Buffer> {
  const forUse = (use: KeyUse): Buffer => Buffer.from(hkdfSync("sha256", secret, "countersign", use, 32));
  return { "api-token": forUse("api-token"), "lease-token": forUse("lease-token"), "self-check": forUse("self-check") };
}
