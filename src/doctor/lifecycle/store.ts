import type { Tx } from "../../database/index.ts";

export interface OpenIncidents {
  database: string;
  kind: string;
  subject: string;
  open: string;
  since: Date;
}

/** Open incidents, those of one object and kind together, the oldest first. */
export async function openIncidents(tx: Tx): Promise<OpenIncidents[]> {
  const { rows } = await tx.query<OpenIncidents>(
    `SELECT database, kind, subject, count(*) AS open, min(opened_at) AS since FROM lifecycle_incidents WHERE status = 'open'
      GROUP BY database, kind, subject ORDER BY since, database, kind, subject LIMIT 1000`,
  );
  return rows;
}

/** Accepted gateways of whose server the log was read once, and not for an hour now: a look that ends in an error moves nothing on. */
export async function silentWatches(tx: Tx): Promise<{ database: string; read_at: Date }[]> {
  const { rows } = await tx.query<{ database: string; read_at: Date }>(
    `SELECT p.database, p.read_at FROM detector_positions p
      WHERE p.read_at < clock_timestamp() - interval '1 hour' AND EXISTS (SELECT FROM gateway_baselines b WHERE b.database = p.database)
      ORDER BY p.database LIMIT 1000`,
  );
  return rows;
}

/** Databases with review decisions whose gateway was never accepted. */
export async function neverAccepted(tx: Tx): Promise<{ database: string }[]> {
  const { rows } = await tx.query<{ database: string }>(
    `SELECT DISTINCT database FROM review_decisions d
      WHERE NOT EXISTS (SELECT FROM gateway_baselines b WHERE b.database = d.database) ORDER BY database LIMIT 1000`,
  );
  return rows;
}
