import { open } from "node:fs/promises";
import type { Database, Tx } from "../../database/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { appendEvent } from "../append.ts";
import { formatCheckpoint, parseCheckpoint } from "./checkpoint.ts";
import { LogFault } from "./faults.ts";
import { firstName, generationOf, mayHaveBeen, nameOfGeneration, signerOf } from "./generation.ts";
import { logRenamed, underName } from "./links/follow.ts";
import { keepLink } from "./links/store.ts";
import { rootOf } from "./merkle.ts";
import { formatNote, parseNote, parseVerifierKey, signedBy, verifierKey } from "./note.ts";
import { showHead } from "./show.ts";
import { headSignatures, keysOf, type LogSigner } from "./signer.ts";
import { firstOfGeneration, holdHead, insertGeneration, insertLogKey, logKeys, readHead, readTile } from "./store.ts";
import { nodesFrom } from "./tiles.ts";
import type { Witness } from "./witness.ts";
import { lastWitnessed, tellRestored } from "./witness-memory.ts";

/** A head of this log that somebody outside has, and whether the restored log continues it. */
export interface HeadElsewhere {
  readonly where: string;
  readonly origin: string | null;
  readonly size: number | null;
  /** In base64. */
  readonly root: string | null;
  /** In which way the database contradicts it; null where it does not. */
  readonly contradiction: string | null;
}

export interface Outside {
  readonly witnessFile: string | undefined;
  readonly witnesses: readonly Witness[];
  /** Signed heads that were kept, and exports. */
  readonly files: readonly string[];
}

/**
 * Asks whoever is at hand for the last head that he knows, and compares it with the database. A witness that cannot be asked says nothing.
 * @throws TypeError for a file that is neither a head of this log nor an export
 */
export async function headsElsewhere(
  database: Database,
  signer: LogSigner,
  outside: Outside,
): Promise<HeadElsewhere[]> {
  const found: HeadElsewhere[] = [];
  if (outside.witnessFile !== undefined) {
    const head = await lastWitnessed(outside.witnessFile, signer);
    if (head !== undefined) found.push(await compareHead(database, { ...head, where: outside.witnessFile }));
  }
  const before =
    outside.files.length === 0 ? [] : (await database.transact(logKeys, { readOnly: true })).map(parseVerifierKey);
  for (const file of outside.files) {
    const note = parseNote(await headInFile(file));
    const head = parseCheckpoint(note.text);
    // A head may be older than the present key.
    const known = underName([...keysOf(signer), ...before], head.origin);
    if (known.every((key) => signedBy(note, key) === undefined))
      throw new TypeError(`${file} is not signed with the log's key`);
    found.push(await compareHead(database, { ...head, where: file }));
  }
  for (const witness of outside.witnesses) {
    const contradiction = await showHead(database, witness, undefined).then(
      () => null,
      (error: unknown) => (error instanceof LogFault ? error.message : undefined),
    );
    if (contradiction !== undefined) {
      found.push({ where: witness.name, origin: null, size: null, root: null, contradiction });
    }
  }
  return found;
}

/** The head of a file that holds one, or of an export. */
async function headInFile(file: string): Promise<string> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1 << 16), 0, 1 << 16, 0);
    const text = buffer.subarray(0, bytesRead).toString("utf8");
    return text.startsWith("{") ? (JSON.parse(text.split("\n", 1)[0] ?? "") as { note: string }).note : text;
  } finally {
    await handle.close();
  }
}

interface Kept {
  readonly where: string;
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** Compares a head that somebody has kept with the log in the database. */
export function compareHead(database: Database, { where, origin, size, root }: Kept): Promise<HeadElsewhere> {
  return database.transact(
    async (tx) => {
      const head = await readHead(tx);
      const said = { where, origin, size, root: Buffer.from(root).toString("base64") };
      const contradicted = (contradiction: string | null): HeadElsewhere => ({ ...said, contradiction });
      if (head === undefined) return contradicted("this database has no log");
      if (!mayHaveBeen(head.origin, origin)) return contradicted(`this log is ${head.origin}`);
      if (size > head.size) return contradicted(`this log has ${head.size} leaves`);
      const here = await rootOf(
        nodesFrom((level, index) => readTile(tx, level, index)),
        size,
      ).catch(() => new Uint8Array());
      return contradicted(Buffer.compare(here, root) === 0 ? null : "the first leaves of this log are others");
    },
    { readOnly: true },
  );
}

/** What became of the log's name. */
export interface Renamed {
  readonly origin: string;
  readonly generation: number;
  /** What an auditor checks the heads by from now on. */
  readonly verifier_key: string;
  readonly old: { readonly origin: string; readonly size: number; readonly root: string };
  readonly seen: readonly HeadElsewhere[];
}

/**
 * Gives the log of a restored database a new name: heads of the time that was lost may be in somebody's hands, and none is ever signed
 * that contradicts them. The tree stays, as far as it survived. Its first head under the new name is the last one under the old, and the
 * event that is appended here says what both were, and what others knew (GRANT-9, AUDIT-2).
 * @returns undefined where nothing was ever signed
 */
export async function renameLog(
  tx: Tx,
  caller: Caller,
  signer: LogSigner,
  seen: readonly HeadElsewhere[],
): Promise<Renamed | undefined> {
  const head = await holdHead(tx);
  if (head === undefined || head.size === 0) return undefined;
  const name = firstName(head.origin);
  // A database may be restored twice from before the same head: no name is given twice, as far as anybody at hand knows.
  const given = seen.map((one) => (one.origin === null ? 1 : (generationOf(name, one.origin) ?? 1)));
  const generation = Math.max(head.generation, ...given) + 1;
  const origin = nameOfGeneration(name, generation);
  const named = signerOf(signer, origin);
  const text = formatCheckpoint({ origin, size: head.size, root: head.root });
  const note = formatNote({ text, signatures: headSignatures(text, named) });
  const { size, root } = head;
  await insertGeneration(tx, {
    generation,
    origin,
    oldOrigin: head.origin,
    size,
    root,
    note,
    seen,
    by: caller.principal,
  });
  await insertLogKey(tx, verifierKey(named.key));
  const old = { origin: head.origin, size, root: root.toString("base64") };
  const renamed = { origin, generation, verifier_key: verifierKey(named.key), old, seen };
  await appendEvent(tx, caller, {
    action: logRenamed,
    resourceType: "audit_log",
    resourceId: origin,
    before: old,
    after: { ...renamed, note },
  });
  await keepLink(tx, { type: "audit_log", id: origin });
  return renamed;
}

/** Tells the witness file of the new name, once, after it is committed. @returns whether it was told now */
export async function tellWitnessFile(database: Database, path: string, signer: LogSigner): Promise<boolean> {
  const note = await database.transact(firstOfGeneration, { readOnly: true });
  return note !== undefined && tellRestored(path, note, signer);
}

/** Whether anything was ever signed. */
export async function isLogged(tx: Tx): Promise<boolean> {
  return ((await readHead(tx))?.size ?? 0) > 0;
}
