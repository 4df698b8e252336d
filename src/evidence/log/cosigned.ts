import type { Tx } from "../../database/index.ts";
import { type NoteKey, parseNote, parseVerifierKey, signedBy } from "./note.ts";
import { type CheckpointRow, headsWithLines, latestCheckpoint } from "./store.ts";

/** The witnesses that count, and how many of them must have signed a head before evidence refers to it. */
export interface Cosigners {
  readonly required: number;
  readonly keys: readonly NoteKey[];
}

/** @param vkeys verifier keys of the witnesses @throws TypeError for what is none */
export function cosignersOf(required: number, vkeys: readonly string[]): Cosigners {
  return { required, keys: vkeys.map(parseVerifierKey) };
}

/** How the line of a key begins under a head: its name and, in base64, its id. */
export function lineBeginning({ name, id }: Pick<NoteKey, "name" | "id">): string {
  return `\n— ${name} ${id.toString("base64").slice(0, 5)}`;
}

/** How many of the keys have signed the note; none where a signature under one of them is false. */
export function countCosigners(note: string, keys: readonly NoteKey[]): number {
  try {
    const parsed = parseNote(note);
    return keys.filter((key) => signedBy(parsed, key) !== undefined).length;
  } catch {
    return 0;
  }
}

/** How far that head reaches; 0 where there is none. */
export async function cosignedSize(tx: Tx, cosigners: Cosigners): Promise<number> {
  return (await cosignedHead(tx, cosigners))?.size ?? 0;
}

/** The latest head that as many of the witnesses have signed as is asked for; what anybody else has put under it does not count. */
export async function cosignedHead(tx: Tx, { required, keys }: Cosigners): Promise<CheckpointRow | undefined> {
  if (required === 0) return latestCheckpoint(tx);
  const heads = await headsWithLines(tx, keys.map(lineBeginning), required);
  return heads.find(({ note }) => countCosigners(note, keys) >= required);
}
