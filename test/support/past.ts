import pg from "pg";
import type { Stage } from "./service.ts";

/** Tables whose rows live in time: the key, the guard that keeps their times, and the columns that hold them. */
const tables = {
  governance_build_authorization: {
    key: "auth_code",
    guard: "guard_grant_update",
    times: ["granted_at", "expires_at"],
  },
  approval_requests: { key: "apr_code", guard: "guard_approval_request", times: ["created_at", "decide_by"] },
  dot_iu_runtime_lease: { key: "lease_name", guard: "guard_lease", times: ["acquired_at", "renewed_at", "expires_at"] },
} as const;

/**
 * Moves a row a day into the past, as if that time had gone by. No role of the service can do it: a superuser takes the
 * guard away and puts it back in the same transaction.
 */
export async function letTimePass(stage: Stage, table: keyof typeof tables, id: string): Promise<void> {
  const { key, guard, times } = tables[table];
  const client = new pg.Client({ connectionString: stage.names.superUrl });
  await client.connect();
  try {
    await client.query("BEGIN");
    await client.query(`ALTER TABLE ${table} DISABLE TRIGGER ${guard}`);
    const moved = times.map((column) => `${column} = ${column} - interval '1 day'`).join(", ");
    const { rowCount } = await client.query(`UPDATE ${table} SET ${moved} WHERE ${key} = $1`, [id]);
    if (rowCount !== 1) throw new Error(`there is no ${id} in ${table}`);
    await client.query(`SET CONSTRAINTS ALL IMMEDIATE`);
    await client.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${guard}`);
    await client.query("COMMIT");
  } finally {
    await client.end();
  }
}
