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
  signing_keys: { key: "kid", guard: "guard_signing_key", times: ["valid_from", "valid_until"], days: 400 },
  dot_iu_runtime_lease: { key: "lease_name", guard: "guard_lease", times: ["acquired_at", "renewed_at", "expires_at"] },
} as const;

interface Timed {
  readonly key: string;
  readonly guard: string;
  readonly times: readonly string[];
  /** How far back; one if absent. */
  readonly days?: number;
}

/**
 * Moves a row a day (a key more than a year) into the past, as if that time had gone by. No role of the service can do it: a superuser takes the
 * guard away and puts it back in the same transaction.
 * @param only the columns to move, and `goneBy` how many days; the ones that its life hangs on if absent
 */
export async function letTimePass(
  stage: Stage,
  table: keyof typeof tables,
  id: string,
  only?: readonly string[],
  goneBy?: number,
): Promise<void> {
  const timed: Timed = tables[table];
  const { key, guard } = timed;
  const times = only ?? timed.times;
  const days = goneBy ?? timed.days ?? 1;
  const client = new pg.Client({ connectionString: stage.names.superUrl });
  await client.connect();
  try {
    await client.query("BEGIN");
    await client.query(`ALTER TABLE ${table} DISABLE TRIGGER ${guard}`);
    const moved = times.map((column) => `${column} = ${column} - interval '${days} days'`).join(", ");
    const { rowCount } = await client.query(`UPDATE ${table} SET ${moved} WHERE ${key} = $1`, [id]);
    if (rowCount !== 1) throw new Error(`there is no ${id} in ${table}`);
    await client.query(`SET CONSTRAINTS ALL IMMEDIATE`);
    await client.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${guard}`);
    await client.query("COMMIT");
  } finally {
    await client.end();
  }
}
