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

/** Databases with review decisions whose gateway was never accepted. */
export async function neverAccepted(tx: Tx): Promise<{ database: string }[]> {
  const { rows } = await tx.query<{ database: string }>(
    `SELECT DISTINCT database FROM review_decisions d
      WHERE NOT EXISTS (SELECT FROM gateway_baselines b WHERE b.database = d.database) ORDER BY database LIMIT 1000`,
  );
  return rows;
}
