import pg from "pg";
import { type Load, measure } from "./load.ts";
import { executor } from "./place.ts";

/** What a consume does, a row and a transaction at a time, with nothing around it: the statements of one that goes alone. */
export async function consumeRaw(appUrl: string, connections: number, codes: readonly string[]): Promise<Load> {
  const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString: appUrl }));
  await Promise.all(clients.map((client) => client.connect()));
  try {
    return await measure(connections, codes, (code, worker) => consumeOne(clients[worker] as pg.Client, code));
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

async function consumeOne(client: pg.Client, code: string): Promise<void> {
  await client.query("BEGIN");
  await client.query({
    name: "lock",
    text: `SELECT pass_hold_gate(), auth_code, scope, status, expires_at, clock_timestamp() FROM governance_build_authorization
            WHERE auth_code = $1 FOR UPDATE`,
    values: [code],
  });
  await client.query({
    name: "burn",
    text: `UPDATE governance_build_authorization SET status = 'consumed', consumed_at = now, consumed_by = $2, idempotency_root = $1
             FROM clock_timestamp() AS now WHERE auth_code = $1 AND status = 'active'`,
    values: [code, executor],
  });
  await client.query({
    name: "receipt",
    text: `INSERT INTO grant_receipts (auth_code, consumed_at, consumed_by, idempotency_root)
           SELECT auth_code, consumed_at, consumed_by, idempotency_root FROM governance_build_authorization WHERE auth_code = $1`,
    values: [code],
  });
  await client.query({
    name: "event",
    text: `INSERT INTO audit_events (actor, request_id, action, resource_type, resource_id, before, after, digests)
           VALUES ($2, 'bench', 'grant.consumed', 'grant', $1, '{"status":"active"}', '{"status":"consumed"}', '{}')`,
    values: [code, executor],
  });
  await client.query("COMMIT");
}
