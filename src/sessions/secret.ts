import { createHash, createHmac, randomBytes } from "node:crypto";
import { sameBytes } from "../kernel/server-keys.ts";

/** What a session's cookie holds: 256 random bits in base64url, which stand nowhere else. */
const secretForm = /^[A-Za-z0-9_-]{43}$/;

export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

export function isSecret(text: string): boolean {
  return secretForm.test(text);
}

/** What the table holds of a secret: with so many random bits in it, a plain hash tells nothing. */
export function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

/** The token that a page sends back with what it changes. The secret cannot be had from it. */
export function csrfTokenOf(secret: string): string {
  return derive(secret, "csrf-token");
}

/** In constant time. */
export function isCsrfTokenOf(secret: string, sent: string): boolean {
  return sameBytes(Buffer.from(csrfTokenOf(secret)), Buffer.from(sent));
}

/** A value for one use, which only who has the secret can know. */
export function derive(secret: string, use: string): string {
  return createHmac("sha256", secret).update(`countersign ${use}`).digest("base64url");
}
