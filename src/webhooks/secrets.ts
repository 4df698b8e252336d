import { randomBytes } from "node:crypto";
import type { Database, Tx } from "../database/index.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import { lockSealedOtherwise, type SealedSecret, type SecretRow, setSealed } from "./store.ts";

const subject = (webhook: string): string => `webhook:${webhook}`;

/** A key for signatures, as Standard Webhooks libraries take it: 32 random bytes. */
export function newSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}

export function sealSecret(keys: ServerKeys, webhook: string, secret: string): SealedSecret {
  return keys.seal("webhook-secret", subject(webhook), Buffer.from(secret));
}

/**
 * What a webhook's deliveries are signed with: its secret, and the former one while that goes on.
 * @throws Error where SERVER_KEYS lacks the key that a secret is under
 */
export function openSecrets(keys: ServerKeys, row: Omit<SecretRow, "secret_set_at">): readonly [string, ...string[]] {
  const open = (keyId: string, sealed: Uint8Array): string =>
    keys.open("webhook-secret", subject(row.id), keyId, sealed).toString();
  const present = open(row.secret_key_id, row.secret);
  if (row.former === null || row.former_key_id === null) return [present];
  return [present, open(row.former_key_id, row.former)];
}

/** Puts secrets under the key that seals now, after SERVER_KEYS has got another one in front; and forgets former ones that are over. */
export async function resealSecrets(database: Database, keys: ServerKeys): Promise<void> {
  await database.transact(async (tx: Tx) => {
    for (const row of await lockSealedOtherwise(tx, keys.currentId)) {
      if (!keys.ids.includes(row.secret_key_id)) continue;
      const known = row.former_key_id === null || keys.ids.includes(row.former_key_id);
      const [present, former] = openSecrets(keys, known ? row : { ...row, former: null });
      await setSealed(
        tx,
        row.id,
        sealSecret(keys, row.id, present),
        former === undefined ? undefined : sealSecret(keys, row.id, former),
      );
    }
  });
}
