import { randomUUID } from "node:crypto";
import { Webhook } from "standardwebhooks";

/**
 * The headers of a dispatcher's signature over the exact bytes of a body (APR-7, Standard Webhooks).
 * @param secret SYNC_SECRET: its bytes are the key, or base64 after `whsec_`
 */
export function sign(secret: string, body: string, at = new Date()): Record<string, string> {
  const id = `msg_${randomUUID()}`;
  const key = secret.startsWith("whsec_")
    ? new Webhook(secret)
    : new Webhook(Buffer.from(secret, "utf8"), { format: "raw" });
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": key.sign(id, at, body),
  };
}
