import type { Tx } from "../../../database/index.ts";
import { type CheckpointRow, type SealedEvent, sealedColumns } from "../store.ts";

/** Keeps the last event of this transaction about that resource beside the log: its month may be detached one day. */
export async function keepLink(tx: Tx, resource: { readonly type: string; readonly id: string }): Promise<void> {
  const { rowCount } = await tx.query(
    `INSERT INTO audit_log_links (seq, event)
     SELECT sealed.seq, to_jsonb(sealed) FROM (
       SELECT ${sealedColumns} FROM audit_events
        WHERE resource_type = $1 AND resource_id = $2 AND transaction = pg_current_xact_id()
        ORDER BY audit_events.seq DESC LIMIT 1) AS sealed`,
    [resource.type, resource.id],
  );
  if (rowCount !== 1) throw new Error(`nothing was written about ${resource.type} ${resource.id}`);
}

/** Events that were kept of a kind of resource, the oldest first; of one of them if it is named. */
export async function linkEvents(tx: Tx, type: string, id?: string): Promise<SealedEvent[]> {
  const { rows } = await tx.query<{ event: SealedEvent }>(
    `SELECT event FROM audit_log_links
      WHERE event ->> 'resource_type' = $1 AND ($2::text IS NULL OR event ->> 'resource_id' = $2) ORDER BY seq`,
    [type, id ?? null],
  );
  return rows.map(({ event }) => event);
}

/** Longer than two keys ever sign beside each other without both being under the first of those heads. */
const most = 1_024;

/** The first heads behind a leaf that have lines of one of these beginnings; whether the lines are true is not looked at. */
export async function firstHeadsWith(
  tx: Tx,
  { leaf, upTo }: { readonly leaf: number; readonly upTo: number },
  beginnings: readonly string[],
): Promise<CheckpointRow[]> {
  const { rows } = await tx.query<CheckpointRow>(
    `SELECT size::float8 AS size, root, note, signed_at
       FROM (SELECT * FROM audit_checkpoints c WHERE c.size > $1 AND c.size <= $2 ORDER BY c.size, c.generation LIMIT ${most}) AS heads
      WHERE EXISTS (SELECT FROM unnest($3::text[]) AS line (beginning) WHERE strpos(note, beginning) > 0)
      ORDER BY heads.size, generation LIMIT 4`,
    [leaf, upTo, beginnings],
  );
  return rows;
}
