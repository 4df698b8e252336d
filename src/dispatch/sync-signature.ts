import { Webhook } from "standardwebhooks";
import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { sameBytes } from "../kernel/server-keys.ts";
import { DispatchProblem } from "./errors.ts";
import { takeMessage } from "./store.ts";

/** Seconds between the signature and its use, either way (APR-7). */
const toleranceSeconds = 300;

export interface SyncHeaders {
  readonly id: string | undefined;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
}

/** The key in `SYNC_SECRET`: its bytes, or what is in base64 after `whsec_`. */
export function syncKey(secret: string): Webhook {
  return secret.startsWith("whsec_")
    ? new Webhook(secret)
    : new Webhook(Buffer.from(secret, "utf8"), { format: "raw" });
}

/** Signs a body in the Standard Webhooks form, as a dispatcher does. @param timestamp seconds since 1970 */
export function signSync(key: Webhook, id: string, timestamp: number, body: string): string {
  return key.sign(id, new Date(timestamp * 1000), body);
}

/**
 * Checks that the bytes were signed with SYNC_SECRET, lately, for this very request, and takes the message so that it
 * cannot come again (APR-7).
 * @throws DispatchProblem SYNC_SIGNATURE_INVALID, saying what is wrong
 */
export async function requireSyncSignature(
  tx: Tx,
  caller: Caller,
  key: Webhook,
  message: { headers: SyncHeaders; rawBody: Uint8Array; aprCode: string; signedAprCode: string },
): Promise<void> {
  const { id, timestamp } = checkSignature(key, message.headers, message.rawBody);
  if (message.signedAprCode !== message.aprCode) {
    throw invalid(`The signed body names ${message.signedAprCode}, the path ${message.aprCode}.`, "/apr_code");
  }
  const taken = await takeMessage(tx, {
    id,
    timestamp,
    aprCode: message.aprCode,
    receivedBy: caller.principal,
    toleranceSeconds,
  });
  if (!taken.fresh) throw invalid("webhook-timestamp is more than five minutes away from now.");
  if (!taken.first) throw invalid("This webhook-id was used before: a retry signs afresh, with a new id.");
}

function checkSignature(key: Webhook, headers: SyncHeaders, rawBody: Uint8Array): { id: string; timestamp: number } {
  const { id, timestamp, signature } = headers;
  if (id === undefined || timestamp === undefined || signature === undefined) {
    throw invalid("The headers webhook-id, webhook-timestamp and webhook-signature are required.");
  }
  if (!/^[\x21-\x7e]{1,255}$/.test(id)) throw invalid("webhook-id must be 1 to 255 visible ASCII characters.");
  if (!/^\d{1,11}$/.test(timestamp)) throw invalid("webhook-timestamp must be whole seconds since 1970.");
  const seconds = Number(timestamp);
  const expected = Buffer.from(signSync(key, id, seconds, Buffer.from(rawBody).toString("utf8")));
  // Several signatures may be given while a secret is being rotated; each is compared in constant time.
  const matches = signature.split(" ").filter((candidate) => sameBytes(Buffer.from(candidate), expected));
  if (matches.length === 0) throw invalid("webhook-signature does not match the body.");
  return { id, timestamp: seconds };
}

function invalid(detail: string, pointer?: string): Error {
  const errors =
    pointer === undefined ? {} : { errors: [{ pointer, detail: "must be that of the request in the path" }] };
  return new DispatchProblem("SYNC_SIGNATURE_INVALID", detail, errors);
}
