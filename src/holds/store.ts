import type { Tx } from "../database/index.ts";
import type { PageRequest } from "../kernel/schemas.ts";
import type { HoldStatus } from "./states.ts";

export interface HoldRow {
  id: string;
  environment: string | null;
  reason: string;
  placed_by: string;
  placed_at: Date;
  lifted_by: string | null;
  lifted_at: Date | null;
  lifted_reason: string | null;
}

const columns = "id, environment, reason, placed_by, placed_at, lifted_by, lifted_at, lifted_reason";

/** The hold that stands longest against the environment. */
export async function standingHold(tx: Tx, environment: string): Promise<HoldRow | undefined> {
  const { rows } = await tx.query<HoldRow>(
    `SELECT ${columns} FROM registration_holds
      WHERE lifted_at IS NULL AND (environment IS NULL OR environment = $1) ORDER BY placed_at LIMIT 1`,
    [environment],
  );
  return rows[0];
}

/** The trigger waits for every use under way, and sets the time once they are over. */
export async function insertHold(
  tx: Tx,
  hold: { environment: string | null; reason: string; placedBy: string },
): Promise<HoldRow> {
  const { rows } = await tx.query<HoldRow>(
    `INSERT INTO registration_holds (environment, reason, placed_by, placed_at)
     VALUES ($1, $2, $3, clock_timestamp()) RETURNING ${columns}`,
    [hold.environment, hold.reason, hold.placedBy],
  );
  return rows[0] as HoldRow;
}

export async function lockHold(tx: Tx, id: string): Promise<HoldRow | undefined> {
  const { rows } = await tx.query<HoldRow>(`SELECT ${columns} FROM registration_holds WHERE id = $1 FOR UPDATE`, [id]);
  return rows[0];
}

export async function findHold(tx: Tx, id: string): Promise<HoldRow | undefined> {
  const { rows } = await tx.query<HoldRow>(`SELECT ${columns} FROM registration_holds WHERE id = $1`, [id]);
  return rows[0];
}

export async function setLifted(tx: Tx, id: string, by: string, reason: string | null): Promise<HoldRow> {
  const { rows } = await tx.query<HoldRow>(
    `UPDATE registration_holds SET lifted_at = clock_timestamp(), lifted_by = $2, lifted_reason = $3
      WHERE id = $1 AND lifted_at IS NULL RETURNING ${columns}`,
    [id, by, reason],
  );
  return rows[0] as HoldRow;
}

export interface HoldFilter {
  readonly status?: HoldStatus | undefined;
  readonly environment?: string | undefined;
}

export async function selectHolds(
  tx: Tx,
  filter: HoldFilter,
  page: PageRequest,
): Promise<(HoldRow & { position: string })[]> {
  const { rows } = await tx.query<HoldRow & { position: string }>(
    `SELECT ${columns}, (extract(epoch FROM placed_at) * 1000000)::bigint::text AS position
       FROM registration_holds
      WHERE ($1::text IS NULL OR ($1 = 'standing') = (lifted_at IS NULL))
        AND ($2::text IS NULL OR environment IS NULL OR environment = $2)
        AND ($3::bigint IS NULL OR (placed_at, id::text) < (timestamptz 'epoch' + $3 * interval '1 microsecond', $4))
      ORDER BY placed_at DESC, id::text DESC LIMIT $5`,
    [
      filter.status ?? null,
      filter.environment ?? null,
      page.after?.[0] ?? null,
      page.after?.[1] ?? null,
      page.limit + 1,
    ],
  );
  return rows;
}
