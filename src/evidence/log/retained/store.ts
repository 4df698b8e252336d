import type { Tx } from "../../../database/index.ts";
import { type SealedEvent, sealedColumns } from "../store.ts";

/** A partition of the audit events that is attached. */
export interface PartitionRow {
  readonly partition: string;
  /** The last month that it holds, in UTC. */
  readonly month: string;
  readonly since: string;
  readonly until: string;
}

/**
 * For whoever reads events and concludes something from those that are not there, before anything else: where a month is just being detached,
 * the snapshot is taken after it, and has the record of it. In a snapshot from before, the events would be gone, and their record not there yet.
 */
export async function holdPartitions(tx: Tx): Promise<void> {
  await tx.query("LOCK TABLE ONLY audit_events IN ACCESS SHARE MODE");
}

/** Partitions that end by the beginning of that month, and are over; the oldest first. @param before `YYYY-MM` */
export async function partitionsBefore(tx: Tx, before: string): Promise<PartitionRow[]> {
  const { rows } = await tx.query<PartitionRow>(
    `SELECT partition, to_char((until - interval '1 microsecond') AT TIME ZONE 'UTC', 'YYYY-MM') AS month, since::text, until::text
       FROM audit_partitions()
      WHERE until <= ($1 || '-01 00:00:00+00')::timestamptz
        AND until <= date_trunc('month', clock_timestamp(), 'UTC')
      ORDER BY audit_partitions.until`,
    [before],
  );
  return rows;
}

/** The events of a partition from behind that number on, in their order. */
export async function eventsOfPartition(
  tx: Tx,
  { since, until }: Pick<PartitionRow, "since" | "until">,
  after: number,
  limit: number,
): Promise<SealedEvent[]> {
  const { rows } = await tx.query<SealedEvent>(
    `SELECT ${sealedColumns} FROM audit_events
      WHERE audit_events.occurred_at >= $1::timestamptz AND audit_events.occurred_at < $2::timestamptz AND audit_events.seq > $3
      ORDER BY audit_events.seq LIMIT $4`,
    [since, until, after, limit],
  );
  return rows;
}

/** Which leaves these events are; those that are not sealed are left out. @param seqs in ascending order */
export async function leavesOf(tx: Tx, seqs: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const { rows } = await tx.query<{ seq: number; leaf: number }>(
    `SELECT entry.seq::float8 AS seq, (b.index * 256 + entry.position - 1)::float8 AS leaf
       FROM audit_bundles b, unnest(b.seqs) WITH ORDINALITY AS entry (seq, position)
      WHERE b.first_seq <= $2 AND entry.seq = ANY ($3::bigint[])
        AND b.index >= coalesce((SELECT first.index FROM audit_bundles first WHERE first.first_seq <= $1 ORDER BY first.first_seq DESC LIMIT 1), 0)`,
    [seqs[0], seqs.at(-1), seqs],
  );
  return new Map(rows.map(({ seq, leaf }) => [seq, leaf]));
}

/** What is put on record of a partition before it is detached. */
export interface RetainedInsert {
  readonly partition: string;
  readonly month: string;
  readonly leaves: number;
  readonly first_leaf: number | null;
  readonly last_leaf: number | null;
  readonly first_seq: number | null;
  readonly last_seq: number | null;
  readonly file: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
  readonly checkpoint_size: number;
  readonly until: string;
  readonly retained_by: string;
}

/** Puts it on record and detaches it, where the database finds it so. As the owner of the tables. */
export async function detachPartition(tx: Tx, row: RetainedInsert): Promise<void> {
  await tx.query("SELECT retain_audit_partition(jsonb_populate_record(NULL::audit_retained, $1::jsonb))", [
    JSON.stringify(row),
  ]);
}

/** @returns whether it was still there */
export async function dropPartition(tx: Tx, partition: string, sha256: string): Promise<boolean> {
  const { rows } = await tx.query<{ dropped: boolean }>("SELECT drop_retained_partition($1, $2) AS dropped", [
    partition,
    sha256,
  ]);
  return rows[0]?.dropped === true;
}

export interface RetainedRow extends Omit<RetainedInsert, "until" | "checkpoint_size"> {
  readonly checkpoint_size: number;
  readonly retained_at: Date;
  /** Whether the detached table is still in the database. */
  readonly kept: boolean;
}

const retained = `partition, month, leaves::float8 AS leaves, first_leaf::float8 AS first_leaf, last_leaf::float8 AS last_leaf,
  first_seq::float8 AS first_seq, last_seq::float8 AS last_seq, file, sha256, checkpoint_size::float8 AS checkpoint_size,
  retained_at, retained_by, to_regclass('public.' || partition) IS NOT NULL AS kept`;

/** What was exported and detached, the oldest first. */
export async function retainedParts(tx: Tx): Promise<RetainedRow[]> {
  const { rows } = await tx.query<RetainedRow>(`SELECT ${retained} FROM audit_retained ORDER BY audit_retained.until`);
  return rows;
}

/** Those that leaves of that range may be in. */
export async function retainedBetween(tx: Tx, firstLeaf: number, lastLeaf: number): Promise<RetainedRow[]> {
  const { rows } = await tx.query<RetainedRow>(
    `SELECT ${retained} FROM audit_retained
      WHERE audit_retained.first_leaf <= $2 AND audit_retained.last_leaf >= $1 ORDER BY audit_retained.until`,
    [firstLeaf, lastLeaf],
  );
  return rows;
}
