import type { Tx } from "../../../database/index.ts";

/** A head as it was signed. */
export interface CheckpointRow {
  readonly size: number;
  readonly root: Buffer;
  readonly note: string;
  readonly signed_at: Date;
}

const checkpoint = "size::float8 AS size, root, note, signed_at";

/** The latest heads that have lines of so many of these beginnings; whether the lines are true is not looked at. */
export async function headsWithLines(tx: Tx, beginnings: readonly string[], many: number): Promise<CheckpointRow[]> {
  const { rows } = await tx.query<CheckpointRow>(
    `SELECT ${checkpoint} FROM audit_checkpoints
      WHERE audit_checkpoints.size <= (SELECT l.size FROM audit_log l)
        AND (SELECT count(*) FROM unnest($1::text[]) AS line (beginning) WHERE strpos(note, beginning) > 0) >= $2
      ORDER BY audit_checkpoints.size DESC, generation DESC LIMIT 16`,
    [beginnings, many],
  );
  return rows;
}

export async function insertCheckpoint(
  tx: Tx,
  row: Pick<CheckpointRow, "size" | "note"> & { readonly root: Uint8Array },
): Promise<void> {
  await tx.query(
    "INSERT INTO audit_checkpoints (size, generation, root, note) SELECT $1, generation, $2, $3 FROM audit_log",
    [row.size, row.root, row.note],
  );
}

export async function latestCheckpoint(tx: Tx): Promise<CheckpointRow | undefined> {
  const { rows } = await tx.query<CheckpointRow>(
    `SELECT ${checkpoint} FROM audit_checkpoints WHERE audit_checkpoints.size <= (SELECT l.size FROM audit_log l)
      ORDER BY audit_checkpoints.size DESC, generation DESC LIMIT 1`,
  );
  return rows[0];
}

/** A head that is said to be signed and that the log does not reach. */
export async function headBeyond(tx: Tx, size: number): Promise<number | undefined> {
  const { rows } = await tx.query<{ beyond: number | null }>(
    "SELECT min(size)::float8 AS beyond FROM audit_checkpoints WHERE size > $1",
    [size],
  );
  return rows[0]?.beyond ?? undefined;
}

export async function checkpointOf(tx: Tx, size: number): Promise<CheckpointRow | undefined> {
  const { rows } = await tx.query<CheckpointRow>(
    `SELECT ${checkpoint} FROM audit_checkpoints WHERE audit_checkpoints.size = $1 ORDER BY generation DESC LIMIT 1`,
    [size],
  );
  return rows[0];
}

/** Puts a witness's line under a checkpoint, unless the same key has signed it: of two processes that ask it at once, one line counts. */
export async function addCosignature(tx: Tx, size: number, line: string): Promise<void> {
  await tx.query(
    `UPDATE audit_checkpoints SET note = note || $2 WHERE size = $1 AND strpos(note, $3) = 0
        AND generation = (SELECT max(generation) FROM audit_checkpoints WHERE size = $1)`,
    // A line begins with the key's name and, in base64, its id.
    [size, line, `\n${line.slice(0, line.lastIndexOf(" ") + 6)}`],
  );
}

/** The signed heads of sizes above the first up to the second. */
export async function checkpointsBetween(tx: Tx, above: number, upTo: number): Promise<CheckpointRow[]> {
  const { rows } = await tx.query<CheckpointRow>(
    `SELECT ${checkpoint} FROM audit_checkpoints WHERE audit_checkpoints.size > $1 AND audit_checkpoints.size <= $2
      ORDER BY audit_checkpoints.size, generation`,
    [above, upTo],
  );
  return rows;
}
