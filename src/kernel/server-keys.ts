import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";

/** What a key is used for; each use has a key of its own, derived with HKDF (RFC 5869). */
export type KeyUse = (typeof keyUses)[number];
const keyUses = ["api-token", "lease-token", "self-check", "sign-in", "webhook-secret"] as const;

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

  /**
   * Encrypts under the key that signs (AES-256-GCM): nonce, ciphertext, tag.
   * @param subject what the secret belongs to: it opens for nothing else
   */
  seal(use: KeyUse, subject: string, secret: Uint8Array): { readonly keyId: string; readonly sealed: Buffer } {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key(use, this.currentId), nonce).setAAD(Buffer.from(subject));
    const sealed = Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
    return { keyId: this.currentId, sealed };
  }

  /** @throws Error where the service does not have that key, and where the bytes are not what was sealed for that subject */
  open(use: KeyUse, subject: string, keyId: string, sealed: Uint8Array): Buffer {
    const nonce = sealed.subarray(0, 12);
    const decipher = createDecipheriv("aes-256-gcm", this.#key(use, keyId), nonce, { authTagLength: 16 });
    decipher.setAAD(Buffer.from(subject)).setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
  }

  #key(use: KeyUse, keyId: string): Buffer {
    const key = this.#derived.get(keyId)?.[use];
    if (key === undefined) throw new Error(`SERVER_KEYS has no key ${keyId}`);
    return key;
  }
}

/** Compares in constant time; buffers of unlike length are unlike. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function derive(secret: Buffer): Record<KeyUse, Buffer> {
  const forUse = (use: KeyUse): Buffer => Buffer.from(hkdfSync("sha256", secret, "countersign", use, 32));
  return Object.fromEntries(keyUses.map((use) => [use, forUse(use)])) as Record<KeyUse, Buffer>;
}
