import { randomUUID } from "node:crypto";
import { signSync, syncKey } from "../../src/dispatch/index.ts";
import type { Ask } from "./load.ts";
import { syncSecret } from "./place.ts";
import { type Approved, bindingsOf } from "./seed.ts";

/** What is asked about a grant of the bench, or of a request. */
export const verifyAsk = (authCode: string): Ask => ({
  path: "/v1/grants/verify",
  body: JSON.stringify(bindingsOf(authCode)),
});

export const consumeAsk = (authCode: string): Ask => ({
  path: `/v1/grants/${authCode}/consume`,
  body: JSON.stringify({ ...bindingsOf(authCode), idempotency_root: authCode }),
});

const key = syncKey(syncSecret);

/** Signed at the time that it is made: it is to be sent within minutes. */
export function mintAsk({ aprCode, digest }: Approved): Ask {
  const body = JSON.stringify({ apr_code: aprCode, apr_digest: digest });
  const id = randomUUID();
  const now = Math.floor(Date.now() / 1_000);
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": String(now),
    "webhook-signature": signSync(key, id, now, body),
  };
  return { path: `/v1/approval-requests/${aprCode}/execute`, headers, body, status: 201 };
}
