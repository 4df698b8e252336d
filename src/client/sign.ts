import { newId } from "./random.ts";

/**
 * The headers of a dispatcher's signature over the exact bytes of a body (APR-7, Standard Webhooks). In a browser this
 * needs a secure context: WebCrypto is there over HTTPS and on loopback only.
 * @param secret SYNC_SECRET: its bytes are the key, or base64 after `whsec_`
 */
export async function sign(secret: string, body: string, at = new Date()): Promise<Record<string, string>> {
  const id = `msg_${newId()}`;
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const way = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", keyBytes(secret), way, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${id}.${timestamp}.${body}`));
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${btoa(String.fromCharCode(...new Uint8Array(signature)))}`,
  };
}

const prefix = "whsec_";

function keyBytes(secret: string): Uint8Array<ArrayBuffer> {
  if (!secret.startsWith(prefix)) return new TextEncoder().encode(secret);
  return Uint8Array.from(atob(secret.slice(prefix.length)), (byte) => byte.charCodeAt(0));
}
