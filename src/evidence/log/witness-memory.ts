import { appendFile, open } from "node:fs/promises";
import { parseCheckpoint } from "./checkpoint.ts";
import { LogFault } from "./faults.ts";
import { ownNote, signerOf } from "./generation.ts";
import { parseNote } from "./note.ts";
import type { Witnessed } from "./seal.ts";
import { hasSigned, keysOf, type LogSigner } from "./signer.ts";
import { fileWitness, type Witness } from "./witness.ts";

/** The file as a witness, whatever name the log has when it is shown a head: a restore gives it another one. */
export function fileWitnessOf(path: string, signer: LogSigner): Witness {
  return {
    name: path,
    show(note, prove) {
      const { origin } = parseCheckpoint(parseNote(note).text);
      const named = signerOf(signer, origin);
      return fileWitness(path, ...keysOf(named)).show(note, prove);
    },
  };
}

/** Longer than a few heads. */
const tail = 16 * 1_024;

/**
 * The last head that a witness file has, as `fileWitness` has written it; undefined where it has none.
 * @throws LogFault WITNESS_CONTRADICTED for a head that the key has not signed, and for an end in which there is none
 */
export async function lastWitnessed(path: string, signer: LogSigner): Promise<Witnessed | undefined> {
  const kept = await readTail(path);
  const text = lastHead(kept);
  if (text === undefined) {
    // A first head that was cut off while it was written is none; where more was written, its end was made unreadable.
    if (Buffer.byteLength(kept) < tail) return undefined;
    throw new LogFault(
      "WITNESS_CONTRADICTED",
      `The witness ${path} contradicts the log: no head can be read at its end.`,
    );
  }
  const note = parseNote(text);
  const { origin, size, root } = parseCheckpoint(note.text);
  const named = signerOf(signer, origin);
  const signed = (() => {
    try {
      return hasSigned(note, named);
    } catch {
      return false;
    }
  })();
  if (!signed) {
    const why = `The witness ${path} contradicts the log: its last head is not signed by the log.`;
    throw new LogFault("WITNESS_CONTRADICTED", why);
  }
  return { origin, size, root, witness: path };
}

async function readTail(path: string): Promise<string> {
  const file = await open(path, "r").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return "";
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - tail);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.subarray(0, bytesRead).toString("utf8");
  } finally {
    await file.close();
  }
}

/** The last whole head: its text, an empty line, its signatures, and an empty line. */
function lastHead(kept: string): string | undefined {
  const parts = kept.split("\n\n");
  // What stands behind the last empty line was cut off while it was written.
  for (let at = parts.length - 2; at > 0; at -= 1) {
    if (parts[at]?.startsWith("— ") === true) return `${parts[at - 1]?.replace(/^\n+/, "")}\n\n${parts[at]}\n`;
  }
  return undefined;
}

/** Writes the first head under the log's new name behind those of the old one: only a recovery does, and once. */
export async function tellRestored(path: string, note: string, signer: LogSigner): Promise<boolean> {
  const { origin } = parseCheckpoint(parseNote(note).text);
  const last = await lastWitnessed(path, signer);
  if (last === undefined || last.origin === origin) return false;
  await appendFile(path, `\n\n${ownNote(note)}\n`, { mode: 0o644, flush: true });
  return true;
}
