import type { Tx } from "../database/index.ts";
import type { RecoveryReport } from "./report.ts";

export type Origin = "first" | "failover" | "restore";

/** The server that the database lives on, and the timeline that it has come to. */
export interface ServerRow {
  system_identifier: string;
  timeline: string;
}

export interface IncarnationRow extends ServerRow {
  incarnation: string;
  origin: Origin;
  hold_id: string | null;
  noticed_at: Date;
  recovered_at: Date | null;
  recovered_by: string | null;
  report: RecoveryReport | null;
  /** Whether the hold that was placed for it stands. */
  held: boolean;
}

const columns = `i.incarnation, i.system_identifier, i.timeline, i.origin, i.hold_id, i.noticed_at, i.recovered_at, i.recovered_by, i.report,
  coalesce(h.lifted_at IS NULL AND h.id IS NOT NULL, false) AS held`;

/** One at a time over all processes: two that start at once notice one restore once. */
export async function lockIncarnations(tx: Tx): Promise<void> {
  await tx.query("SELECT pg_advisory_xact_lock(4226535)");
}

export async function currentServer(tx: Tx): Promise<ServerRow> {
  const { rows } = await tx.query<ServerRow>("SELECT system_identifier, timeline FROM control_server()");
  return rows[0] as ServerRow;
}

export async function latestIncarnation(tx: Tx): Promise<IncarnationRow | undefined> {
  const { rows } = await tx.query<IncarnationRow>(
    `SELECT ${columns} FROM control_incarnations i LEFT JOIN registration_holds h ON h.id = i.hold_id
      ORDER BY i.incarnation DESC LIMIT 1`,
  );
  return rows[0];
}

/** Restores that nobody has run the recovery for, the earliest first. */
export async function unrecovered(tx: Tx): Promise<IncarnationRow[]> {
  const { rows } = await tx.query<IncarnationRow>(
    `SELECT ${columns} FROM control_incarnations i JOIN registration_holds h ON h.id = i.hold_id
      WHERE i.origin = 'restore' AND i.recovered_at IS NULL ORDER BY i.incarnation`,
  );
  return rows;
}

/** Notes the server as it is now; the trigger gives the number. */
export async function insertIncarnation(
  tx: Tx,
  row: { readonly origin: Origin; readonly holdId: string | null; readonly by: string },
): Promise<string> {
  const { rows } = await tx.query<{ incarnation: string }>(
    `INSERT INTO control_incarnations (incarnation, system_identifier, timeline, origin, hold_id, noticed_by)
     SELECT 1, system_identifier, timeline, $1, $2, $3 FROM control_server() RETURNING incarnation`,
    [row.origin, row.holdId, row.by],
  );
  return rows[0]?.incarnation ?? "";
}

export async function setRecovered(tx: Tx, incarnation: string, by: string, report: RecoveryReport): Promise<void> {
  await tx.query(
    "UPDATE control_incarnations SET recovered_at = clock_timestamp(), recovered_by = $2, report = $3 WHERE incarnation = $1",
    [incarnation, by, JSON.stringify(report)],
  );
}

/** Whether the server's settings name a point to recover to, as every tool leaves them there after it. */
export async function hasRecoveryTarget(tx: Tx): Promise<boolean> {
  const { rows } = await tx.query<{ named: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_settings
                     WHERE name IN ('recovery_target', 'recovery_target_time', 'recovery_target_xid', 'recovery_target_lsn', 'recovery_target_name')
                       AND setting <> '') AS named`,
  );
  return rows[0]?.named ?? false;
}

/** Numbers of events that were lost are not given out again. @returns the number before the next event's */
export async function skipLostEvents(tx: Tx): Promise<number> {
  const { rows } = await tx.query<{ seq: string }>("SELECT skip_lost_events() AS seq");
  return Number(rows[0]?.seq);
}

/** The time of the last event that was on record before the restore was noticed. */
export async function lastEventBefore(tx: Tx, incarnation: string): Promise<Date | null> {
  const { rows } = await tx.query<{ at: Date }>(
    `SELECT e.occurred_at AS at FROM audit_events e
      WHERE e.action <> 'run.parked' AND e.seq < (SELECT min(p.seq) FROM audit_events p JOIN control_incarnations i ON i.incarnation = $1
                      WHERE p.resource_type = 'hold' AND p.resource_id = i.hold_id::text AND p.action = 'hold.placed')
      ORDER BY e.seq DESC LIMIT 1`,
    [incarnation],
  );
  return rows[0]?.at ?? null;
}

/** Those of the fences that are higher than the control database ever gave out. @returns the names of their leases */
export async function neverGivenOut(tx: Tx, fences: ReadonlyMap<string, number>): Promise<readonly string[]> {
  const { rows } = await tx.query<{ name: string }>(
    `SELECT seen.name FROM unnest($1::text[], $2::bigint[]) AS seen (name, fence)
      WHERE NOT EXISTS (SELECT FROM dot_iu_runtime_lease WHERE lease_name = seen.name AND fencing_token >= seen.fence)
      ORDER BY seen.name`,
    [[...fences.keys()], [...fences.values()]],
  );
  return rows.map((row) => row.name);
}

/** Those of the authorizations that the control database does not know as used. */
export async function notKnownAsUsed(tx: Tx, codes: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await tx.query<{ code: string }>(
    `SELECT code FROM unnest($1::text[]) AS code
      WHERE NOT EXISTS (SELECT FROM governance_build_authorization WHERE auth_code = code AND status = 'consumed')
        AND NOT EXISTS (SELECT FROM os_proposal_approvals WHERE approval_code = code AND status = 'consumed')
        AND NOT EXISTS (SELECT FROM c1_build_run WHERE auth_code = code AND reserved)`,
    [codes],
  );
  return new Set(rows.map((row) => row.code));
}

/** What lets somebody act and may have been taken back in the time that was lost. */
export async function countStandingAuthority(
  tx: Tx,
): Promise<{ tokens: number; signing_keys: number; council_records: number; scopes: number }> {
  const { rows } = await tx.query<Record<"tokens" | "signing_keys" | "council_records" | "scopes", number>>(
    `SELECT (SELECT count(*)::int FROM api_tokens WHERE revoked_at IS NULL AND expires_at > clock_timestamp()) AS tokens,
            (SELECT count(*)::int FROM signing_keys WHERE status = 'active') AS signing_keys,
            (SELECT count(*)::int FROM council_records WHERE revoked_at IS NULL) AS council_records,
            (SELECT count(*)::int FROM scopes WHERE status = 'active') AS scopes`,
  );
  return rows[0] ?? { tokens: 0, signing_keys: 0, council_records: 0, scopes: 0 };
}
