import type { Tx } from "../../database/index.ts";
import type { PageRequest } from "../../kernel/schemas.ts";
import type { IncidentKind, IncidentQuery } from "./schemas.ts";

export interface IncidentRow {
  incident_id: string;
  database: string;
  kind: IncidentKind;
  subject: string;
  sighting: string;
  detail: unknown;
  status: "open" | "resolved";
  opened_at: Date;
  resolved_at: Date | null;
  resolved_by: string | null;
  resolved_reason: string | null;
  /** Whole microseconds since 1970. */
  position: string;
}

const columns = `incident_id, database, kind, subject, sighting, detail, status, opened_at, resolved_at, resolved_by, resolved_reason,
  (extract(epoch FROM opened_at) * 1000000)::bigint AS position`;

export interface Sighted {
  readonly kind: IncidentKind;
  readonly subject: string;
  readonly sighting: string;
  readonly detail: unknown;
}

/**
 * Opens an incident for each sighting that has none open, and for a line of the server's log that never had one: the
 * unique indexes decide, whoever else looks at the same time. A contradiction of the lifecycle log has one for ever too:
 * the log keeps it, whatever is done about it. In one order, so that two looks cannot wait for each other.
 * @returns those that this call has opened
 */
export async function insertIncidents(tx: Tx, database: string, sighted: readonly Sighted[]): Promise<IncidentRow[]> {
  if (sighted.length === 0) return [];
  const { rows } = await tx.query<IncidentRow>(
    `INSERT INTO lifecycle_incidents (database, kind, subject, sighting, detail)
     SELECT $1, one ->> 'kind', one ->> 'subject', one ->> 'sighting', one -> 'detail' FROM jsonb_array_elements($2::jsonb) AS given (one)
      WHERE one ->> 'kind' <> 'log_contradicted'
         OR NOT EXISTS (SELECT FROM lifecycle_incidents i WHERE (i.database, i.kind, i.subject, i.sighting) = ($1, 'log_contradicted', one ->> 'subject', one ->> 'sighting'))
      ORDER BY one ->> 'kind' COLLATE "C", one ->> 'subject' COLLATE "C", one ->> 'sighting' COLLATE "C"
     ON CONFLICT DO NOTHING RETURNING ${columns}`,
    [database, JSON.stringify(sighted)],
  );
  return rows;
}

/** Those of these lines of the server's log that have an incident, open or resolved. */
export async function selectKnownLines(tx: Tx, database: string, sightings: readonly string[]): Promise<string[]> {
  const { rows } = await tx.query<{ sighting: string }>(
    `SELECT sighting FROM lifecycle_incidents
      WHERE database = $1 AND kind = 'direct_write_refused' AND sighting = ANY ($2)`,
    [database, sightings],
  );
  return rows.map(({ sighting }) => sighting);
}

/** Resolves it if it is open. */
export async function updateResolved(tx: Tx, id: string, by: string, reason: string): Promise<IncidentRow | undefined> {
  const { rows } = await tx.query<IncidentRow>(
    `UPDATE lifecycle_incidents SET status = 'resolved', resolved_at = clock_timestamp(), resolved_by = $2, resolved_reason = $3
      WHERE incident_id = $1 AND status = 'open' RETURNING ${columns}`,
    [id, by, reason],
  );
  return rows[0];
}

export async function findIncident(tx: Tx, id: string): Promise<IncidentRow | undefined> {
  const { rows } = await tx.query<IncidentRow>(`SELECT ${columns} FROM lifecycle_incidents WHERE incident_id = $1`, [
    id,
  ]);
  return rows[0];
}

export async function selectIncidents(tx: Tx, query: IncidentQuery, page: PageRequest): Promise<IncidentRow[]> {
  const { rows } = await tx.query<IncidentRow>(
    `SELECT ${columns} FROM lifecycle_incidents
      WHERE ($1::text IS NULL OR database = $1) AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR kind = $3)
        AND ($4::bigint IS NULL OR (opened_at, incident_id) < (timestamptz 'epoch' + $4::bigint * interval '1 microsecond', $5::bigint))
      ORDER BY opened_at DESC, incident_id DESC LIMIT $6`,
    [
      query.database ?? null,
      query.status ?? null,
      query.kind ?? null,
      page.after?.[0] ?? null,
      page.after?.[1] ?? null,
      page.limit + 1,
    ],
  );
  return rows;
}

export interface LogPosition {
  readonly file: string;
  readonly position: string;
}

/** How far the server's log of a target has been read; undefined before the first time. */
export async function findPosition(tx: Tx, database: string): Promise<LogPosition | undefined> {
  const { rows } = await tx.query<LogPosition>("SELECT file, position FROM detector_positions WHERE database = $1", [
    database,
  ]);
  return rows[0];
}

/**
 * Moves the position on from where this look began, and keeps others from doing so until this transaction ends.
 * @returns false where another look was faster: its position stays, and what comes behind it is read again from there
 */
export async function movePosition(
  tx: Tx,
  database: string,
  from: LogPosition | undefined,
  to: LogPosition,
): Promise<boolean> {
  if (from === undefined) {
    const { rowCount } = await tx.query(
      "INSERT INTO detector_positions (database, file, position) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
      [database, to.file, to.position],
    );
    return rowCount === 1;
  }
  const { rowCount } = await tx.query(
    `UPDATE detector_positions SET file = $2, position = $3, read_at = clock_timestamp()
      WHERE database = $1 AND (file, position) = ($4, $5::bigint)`,
    [database, to.file, to.position, from.file, from.position],
  );
  return rowCount === 1;
}
