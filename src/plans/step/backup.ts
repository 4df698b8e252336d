import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, mkdtemp, open, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { copyOut, isDatabaseError, type Tx } from "../../database/index.ts";
import { readRows } from "../catalog/store.ts";
import { PlanProblem } from "../errors.ts";
import { presentTables, wholeTable } from "./store.ts";

const run = promisify(execFile);

export interface BackupOptions {
  /** Where backups are kept: a directory, made if need be. */
  readonly directory: string;
  /** The program, by name or path. */
  readonly pgDump: string;
  /** How long it may take, in milliseconds. */
  readonly dumpTimeoutMs: number;
  /** The URL of a target database, for pg_dump. */
  url(target: string): string | undefined;
}

export interface TableBackup {
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of the file. */
  readonly digest: string;
  /** Below the directory of backups. */
  readonly file: string;
}

export interface Backup {
  readonly directory: string;
  readonly tables: readonly TableBackup[];
  readonly pg_dump: { readonly file: string; readonly digest: string } | { readonly skipped: string };
}

/**
 * Copies the tables that a step touches, in one snapshot, before anything of it is locked: a dump inside the step's own
 * locks would wait for itself (PLAN-5). Done again, it replaces what an interrupted attempt has left.
 * @param place names the backup: plan, revision, step and run
 * @throws PlanProblem BACKUP_FAILED
 */
export async function backUp(
  target: Tx,
  options: BackupOptions,
  place: { readonly target: string; readonly parts: readonly string[] },
  tables: readonly string[],
): Promise<Backup> {
  const below = path.join(...place.parts.map(fileName));
  const directory = path.join(options.directory, below);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const present = await presentTables(target, tables);
    const copies: TableBackup[] = [];
    for (const table of present) {
      const rows = Number((await readRows(target, table))?.count ?? 0);
      const file = `${fileName(table)}.copy`;
      const { digest, bytes } = await copyTable(target, table, path.join(directory, file));
      copies.push({ table, rows, bytes, digest, file: path.join(below, file) });
    }
    const dump = await dumpTables(options, place.target, present, directory, below);
    const backup = { directory: below, tables: copies, pg_dump: dump };
    await writeFile(path.join(directory, "backup.json"), `${JSON.stringify(backup, null, 2)}\n`, { mode: 0o600 });
    return backup;
  } catch (error) {
    if (isDatabaseError(error) || typeof (error as { code?: unknown }).code !== "string") throw error;
    throw new PlanProblem("BACKUP_FAILED", `The backup could not be written (${(error as { code: string }).code}).`, {
      cause: error,
    });
  }
}

/** A name that is one path segment, whatever the text is. */
function fileName(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("*", "%2A")
    .replace(/^\.+/, (dots) => "%2E".repeat(dots.length))
    .slice(0, 200);
}

async function copyTable(target: Tx, table: string, file: string): Promise<{ digest: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const partial = `${file}.partial`;
  await pipeline(copyOut(target, wholeTable(table)), measure, createWriteStream(partial, { mode: 0o600 }));
  await settle(partial, file);
  return { digest: `sha256:${hash.digest("hex")}`, bytes };
}

/** On the disk under its name, or not there. */
async function settle(partial: string, file: string): Promise<void> {
  const handle = await open(partial, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, file);
}

/** A second form of the same, where the program is there and can talk to the server; what it met is on record. */
async function dumpTables(
  options: BackupOptions,
  target: string,
  tables: readonly string[],
  directory: string,
  below: string,
): Promise<Backup["pg_dump"]> {
  const url = options.url(target);
  if (tables.length === 0 || url === undefined) return { skipped: "there is no table to dump" };
  const partial = path.join(directory, "tables.dump.partial");
  const secret = await mkdtemp(path.join(tmpdir(), "countersign-dump-"));
  try {
    // The password stays out of the command line, where every process of the machine could read it.
    const connection = new URL(url);
    const passfile = path.join(secret, "pgpass");
    const password = decodeURIComponent(connection.password).replaceAll(/[\\:]/g, "\\$&");
    await writeFile(passfile, `*:*:*:*:${password}\n`, { mode: 0o600 });
    connection.password = "";
    connection.searchParams.set("passfile", passfile);
    const named = tables.flatMap((table) => ["--table", table]);
    const words = ["--no-password", "--format=custom", `--file=${partial}`, ...named, `--dbname=${connection.href}`];
    await run(options.pgDump, words, { timeout: options.dumpTimeoutMs });
    const digest = await digestOfFile(partial);
    await settle(partial, path.join(directory, "tables.dump"));
    return { file: path.join(below, "tables.dump"), digest };
  } catch (error) {
    const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
    if (code === "ENOENT") return { skipped: "pg_dump is not there" };
    return { skipped: `pg_dump failed: ${stderr.split("\n")[0]?.slice(0, 200) || String(code)}` };
  } finally {
    await rm(partial, { force: true });
    await rm(secret, { recursive: true, force: true });
  }
}

async function digestOfFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return `sha256:${hash.digest("hex")}`;
}
