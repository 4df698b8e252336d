import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import { noSuchWebhook, readWebhook } from "./read.ts";
import type { WebhookWithSecret } from "./schemas.ts";
import { newSecret, openSecrets, sealSecret } from "./secrets.ts";
import type { WebhookServices } from "./services.ts";
import { findSecrets, lockWebhook, setSecret } from "./store.ts";

/**
 * Gives a webhook another secret, and goes on signing with the one before as well for the configured time, by the database's clock. One that
 * was before that is forgotten.
 * @throws ServiceProblem NOT_FOUND
 */
export async function rotateSecret(
  tx: Tx,
  caller: Caller,
  keys: ServerKeys,
  { overlapSeconds }: WebhookServices,
  id: string,
): Promise<WebhookWithSecret> {
  if ((await lockWebhook(tx, id)) === undefined) throw noSuchWebhook(id);
  const secret = newSecret();
  await setSecret(tx, id, sealSecret(keys, id, secret), overlapSeconds);
  const webhook = await readWebhook(tx, id);
  await appendEvent(tx, caller, {
    action: "webhook.rotated",
    resourceType: "webhook",
    resourceId: id,
    after: { former_secret_until: webhook.former_secret_until },
  });
  return { ...webhook, secret };
}

/** The answer without its secret: what is kept under an idempotency key. */
export function withoutSecret(webhook: WebhookWithSecret): WebhookWithSecret {
  return { ...webhook, secret: null };
}

/** The kept answer again, with its secret where the webhook still has that one. */
export async function showSecretAgain(tx: Tx, keys: ServerKeys, kept: WebhookWithSecret): Promise<WebhookWithSecret> {
  const row = await findSecrets(tx, kept.id);
  if (row?.secret_set_at.toISOString() !== kept.secret_set_at) return kept;
  return { ...kept, secret: openSecrets(keys, row)[0] };
}
