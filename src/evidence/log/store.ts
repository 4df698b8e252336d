import type { Tx } from "../../database/index.ts";
import type { SealedEvent } from "./entry.ts";
import { insertCheckpoint } from "./heads/store.ts";

export type { SealedEvent } from "./entry.ts";
export {
  addCosignature,
  checkpointOf,
  type CheckpointRow,
  checkpointsBetween,
  headBeyond,
  headsWithLines,
  insertCheckpoint,
  latestCheckpoint,
} from "./heads/store.ts";

/** The one row of the log's head. */
export interface HeadRow {
  readonly origin: string;
  /** How many names the log has had: another one from each restore on. */
  readonly generation: number;
  readonly size: number;
  readonly root: Buffer;
  readonly sealed_seq: string;
  readonly horizon_seq: string;
  readonly horizon_xid: string;
}

const head = "origin, generation, size::float8 AS size, root, sealed_seq, horizon_seq, horizon_xid";

export async function readHead(tx: Tx): Promise<HeadRow | undefined> {
  const { rows } = await tx.query<HeadRow>(`SELECT ${head} FROM audit_log`);
  return rows[0];
}

/** For whoever seals; undefined while another process does, and while a restored database awaits its recovery. */
export async function lockHead(tx: Tx): Promise<HeadRow | undefined> {
  const { rows } = await tx.query<HeadRow>(
    `SELECT ${head} FROM audit_log WHERE NOT awaits_recovery() FOR UPDATE SKIP LOCKED`,
  );
  return rows[0];
}

/** For the recovery: nobody seals until its transaction has ended. */
export async function holdHead(tx: Tx): Promise<HeadRow | undefined> {
  const { rows } = await tx.query<HeadRow>(`SELECT ${head} FROM audit_log FOR UPDATE`);
  return rows[0];
}

export interface GenerationInsert {
  readonly generation: number;
  readonly origin: string;
  readonly oldOrigin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** The first head under the new name. */
  readonly note: string;
  readonly seen: unknown;
  readonly by: string;
}

/** Gives the log its next name. The database refuses it but while a restore awaits its recovery. */
export async function insertGeneration(tx: Tx, row: GenerationInsert): Promise<void> {
  await tx.query(
    `INSERT INTO audit_generations (generation, origin, old_origin, size, root, note, seen, began_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [row.generation, row.origin, row.oldOrigin, row.size, row.root, row.note, JSON.stringify(row.seen), row.by],
  );
  await tx.query("UPDATE audit_log SET origin = $1, generation = $2", [row.origin, row.generation]);
  await insertCheckpoint(tx, row);
}

/** The first head under the log's present name; undefined where it is the name that it began with. */
export async function firstOfGeneration(tx: Tx): Promise<string | undefined> {
  const { rows } = await tx.query<{ note: string }>(
    "SELECT note FROM audit_generations JOIN audit_log USING (generation)",
  );
  return rows[0]?.note;
}

/** @returns whether it is this one: of several that come at once the others wait for the first, and have none of their own */
export async function insertHead(tx: Tx, origin: string, root: Uint8Array): Promise<boolean> {
  const { rowCount } = await tx.query("INSERT INTO audit_log (origin, root) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
    origin,
    root,
  ]);
  return rowCount === 1;
}

/** Whether every transaction that may have drawn a number up to the horizon's is over. */
export async function isFinal(tx: Tx, horizonXid: string): Promise<boolean> {
  const { rows } = await tx.query<{ final: boolean }>(
    "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 AS final",
    [horizonXid],
  );
  return rows[0]?.final === true;
}

/** Whether the horizon is of another server, as after a dump was loaded: here that id was never given out. */
export async function isForeign(tx: Tx, horizonXid: string): Promise<boolean> {
  const { rows } = await tx.query<{ is_foreign: boolean }>(
    "SELECT pg_snapshot_xmax(pg_current_snapshot()) < $1::xid8 AS is_foreign",
    [horizonXid],
  );
  return rows[0]?.is_foreign === true;
}

/** The events of that range, in their order. */
export async function eventsBetween(tx: Tx, after: string, upTo: string, limit: number): Promise<SealedEvent[]> {
  const { rows } = await tx.query<SealedEvent>(
    `SELECT ${sealedColumns} FROM audit_events WHERE seq > $1 AND seq <= $2 ORDER BY audit_events.seq LIMIT $3`,
    [after, upTo, limit],
  );
  return rows;
}

export const sealedColumns = `seq::float8 AS seq, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at,
            actor, action, resource_type, resource_id, request_id, before, after, digests`;

/** Everything that the log says of these resources, in its order. */
export async function eventsAbout(
  tx: Tx,
  subjects: readonly { readonly type: string; readonly id: string }[],
): Promise<SealedEvent[]> {
  const { rows } = await tx.query<SealedEvent>(
    `SELECT ${sealedColumns} FROM unnest($1::text[], $2::text[]) AS asked (type, id)
       JOIN audit_events ON resource_type = asked.type AND resource_id = asked.id ORDER BY audit_events.seq`,
    [subjects.map(({ type }) => type), subjects.map(({ id }) => id)],
  );
  return rows;
}

/** The last number that was drawn, and whether this transaction had no id yet: then whoever has drawn it, or one below, has a lower id. */
export async function lastNumber(tx: Tx): Promise<{ readonly last: bigint; readonly before_id: boolean }> {
  const { rows } = await tx.query<{ last: string; before_id: boolean }>(
    `SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS last,
            pg_current_xact_id_if_assigned() IS NULL AS before_id FROM audit_events_seq`,
  );
  const [row] = rows;
  return { last: BigInt(row?.last ?? 0), before_id: row?.before_id === true };
}

/** The id of this transaction. */
export async function ownTransaction(tx: Tx): Promise<string> {
  const { rows } = await tx.query<{ own: string }>("SELECT pg_current_xact_id() AS own");
  return rows[0]?.own ?? "0";
}

export async function updateHead(tx: Tx, row: Omit<HeadRow, "origin" | "generation">): Promise<void> {
  await tx.query("UPDATE audit_log SET size = $1, root = $2, sealed_seq = $3, horizon_seq = $4, horizon_xid = $5", [
    row.size,
    row.root,
    row.sealed_seq,
    row.horizon_seq,
    row.horizon_xid,
  ]);
}

/** The hashes of a tile as far as it is filled; empty where there is none. */
export async function readTile(tx: Tx, level: number, index: number): Promise<Uint8Array> {
  const { rows } = await tx.query<{ hashes: Buffer }>(
    "SELECT hashes FROM audit_tiles WHERE level = $1 AND index = $2",
    [level, index],
  );
  return rows[0]?.hashes ?? new Uint8Array();
}

/** Those of the tiles that there are. */
export async function readTiles(tx: Tx, asked: readonly Omit<TileRow, "hashes">[]): Promise<TileRow[]> {
  const { rows } = await tx.query<TileRow>(
    `SELECT level, index::float8 AS index, hashes
       FROM unnest($1::smallint[], $2::bigint[]) AS asked (level, index) JOIN audit_tiles USING (level, index)`,
    [asked.map(({ level }) => level), asked.map(({ index }) => index)],
  );
  return rows;
}

export interface TileRow {
  readonly level: number;
  readonly index: number;
  readonly hashes: Uint8Array;
}

export async function writeTiles(tx: Tx, tiles: readonly TileRow[]): Promise<void> {
  await tx.query(
    `INSERT INTO audit_tiles (level, index, hashes) SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])
     ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes`,
    [tiles.map((tile) => tile.level), tiles.map((tile) => tile.index), tiles.map((tile) => tile.hashes)],
  );
}

/** Appends the numbers of the events that have become leaves, from that leaf on. */
export async function appendSeqs(tx: Tx, firstLeaf: number, seqs: readonly number[]): Promise<void> {
  await tx.query(
    `INSERT INTO audit_bundles (index, first_seq, seqs)
     SELECT (leaf / 256)::bigint, min(seq), array_agg(seq ORDER BY leaf)
       FROM (SELECT $1::bigint + position - 1 AS leaf, seq FROM unnest($2::bigint[]) WITH ORDINALITY AS given (seq, position)) AS leaves
      GROUP BY leaf / 256
     ON CONFLICT (index) DO UPDATE SET seqs = audit_bundles.seqs || excluded.seqs`,
    [firstLeaf, seqs],
  );
}

/** Which leaf an event is; undefined while it is not sealed, and where there is no such event. */
export async function leafOf(tx: Tx, seq: number): Promise<number | undefined> {
  const { rows } = await tx.query<{ leaf: number | null }>(
    `SELECT index * 256 + array_position(seqs, $1::bigint) - 1 AS leaf
       FROM (SELECT index::float8 AS index, seqs FROM audit_bundles WHERE first_seq <= $1 ORDER BY first_seq DESC LIMIT 1) AS bundle`,
    [seq],
  );
  return rows[0]?.leaf ?? undefined;
}

/** The numbers of the leaves from `start` to before `end`. */
export async function seqsOf(tx: Tx, start: number, end: number): Promise<number[]> {
  const { rows } = await tx.query<{ index: number; seqs: string[] }>(
    "SELECT index::float8 AS index, seqs FROM audit_bundles WHERE index BETWEEN $1 AND $2 ORDER BY index",
    [Math.floor(start / 256), Math.floor((end - 1) / 256)],
  );
  const first = (rows[0]?.index ?? 0) * 256;
  return rows.flatMap(({ seqs }) => seqs.map(Number)).slice(start - first, end - first);
}

export async function logKeys(tx: Tx): Promise<string[]> {
  const { rows } = await tx.query<{ vkey: string }>("SELECT vkey FROM audit_log_keys ORDER BY number");
  return rows.map(({ vkey }) => vkey);
}

/** @returns whether it is new */
export async function insertLogKey(tx: Tx, vkey: string): Promise<boolean> {
  const { rowCount } = await tx.query("INSERT INTO audit_log_keys (vkey) VALUES ($1) ON CONFLICT DO NOTHING", [vkey]);
  return rowCount === 1;
}

export async function ensurePartitions(tx: Tx): Promise<number> {
  const { rows } = await tx.query<{ made: number }>("SELECT ensure_audit_partitions() AS made");
  return rows[0]?.made ?? 0;
}
