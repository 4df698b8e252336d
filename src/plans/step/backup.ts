import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { constants, createReadStream, createWriteStream } from "node:fs";
import { access, mkdir, mkdtemp, open, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { copyOut, isDatabaseError, sqlState, type Tx } from "../../database/index.ts";
import { readAsTheRole, readPlainly } from "../catalog/settings/store.ts";
import { readRows } from "../catalog/store.ts";
import { PlanProblem } from "../errors.ts";
import { exportSnapshot, giveSign, presentTables, wholeTable } from "./store.ts";

const run = promisify(execFile);

export interface BackupOptions {
  /** Where backups are kept: a directory, made if need be. */
  readonly directory: string;
  /** The program, by name or path. */
  readonly pgDump: string;
  /** How long it may take, in milliseconds. */
  readonly dumpTimeoutMs: number;
  /** What the program finds in its environment: none of the service's secrets. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The URL of a target database, for pg_dump. */
  url(target: string): string | undefined;
}

export interface TableBackup extends Copied {
  readonly table: string;
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
      const file = `${fileName(table)}.copy`;
      const copied = await copyTable(target, table, path.join(directory, file));
      copies.push({ table, ...copied, file: path.join(below, file) });
    }
    const dump = await dumpTables(target, options, place.target, present, { directory, below });
    const backup = { directory: below, tables: copies, pg_dump: dump };
    const list = path.join(directory, "backup.json");
    await writeFile(`${list}.partial`, `${JSON.stringify(backup, null, 2)}\n`, { mode: 0o600 });
    await settle(`${list}.partial`, list);
    return backup;
  } catch (error) {
    if (sqlState(error) === "42501") {
      throw new PlanProblem("BACKUP_FAILED", "The role of the target may not read all rows of what is backed up.", {
        cause: error,
      });
    }
    if (isDatabaseError(error) || typeof (error as { code?: unknown }).code !== "string") throw error;
    throw new PlanProblem("BACKUP_FAILED", `The backup could not be written (${(error as { code: string }).code}).`, {
      cause: error,
    });
  }
}

/** A name that is one path segment, whatever the text is; two texts never have the same one. */
function fileName(text: string): string {
  const name = encodeURIComponent(text)
    .replaceAll("*", "%2A")
    .replace(/^\.+/, (dots) => "%2E".repeat(dots.length));
  if (name.length <= 200) return name;
  return `${name.slice(0, 130)}-${createHash("sha256").update(text).digest("hex")}`;
}

interface Copied {
  /** For `COPY table (columns) FROM`: generated ones are not among them. */
  readonly columns: readonly string[];
  readonly rows: number;
  readonly bytes: number;
  readonly digest: string;
}

/** What copying the tables would come to: all of it but the files. */
export async function measureTables(target: Tx, tables: readonly string[]): Promise<({ table: string } & Copied)[]> {
  const measured: ({ table: string } & Copied)[] = [];
  for (const table of await presentTables(target, tables))
    measured.push({ table, ...(await copyTable(target, table)) });
  return measured;
}

/** @param file where it goes; nowhere if absent */
async function copyTable(target: Tx, table: string, file?: string): Promise<Copied> {
  const rows = Number((await readRows(target, table))?.count ?? 0);
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
  const sink =
    file === undefined
      ? new Writable({ write: (_chunk, _encoding, done) => done() })
      : createWriteStream(partial, { mode: 0o600 });
  await readPlainly(target);
  const { columns, query } = await wholeTable(target, table);
  await pipeline(await copyOut(target, query), measure, sink);
  await readAsTheRole(target);
  if (file !== undefined) await settle(partial, file);
  return { columns, rows, bytes, digest: `sha256:${hash.digest("hex")}` };
}

/** Finds out before anything is burned whether there is a place for backups. @throws PlanProblem BACKUP_FAILED */
export async function requireDirectory({ directory }: BackupOptions): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.W_OK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new PlanProblem("BACKUP_FAILED", `The directory of backups cannot be written to (${code}).`, {
      cause: error,
    });
  }
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
  target: Tx,
  options: BackupOptions,
  name: string,
  tables: readonly string[],
  { directory, below }: { readonly directory: string; readonly below: string },
): Promise<Backup["pg_dump"]> {
  const url = options.url(name);
  if (tables.length === 0 || url === undefined) return { skipped: "there is no table to dump" };
  const partial = path.join(directory, "tables.dump.partial");
  const secret = await mkdtemp(path.join(tmpdir(), "countersign-dump-"));
  try {
    // The password stays out of the command line, where every process of the machine could read it.
    const connection = new URL(url);
    const passfile = path.join(secret, "pgpass");
    const given = decodeURIComponent(connection.password) || (connection.searchParams.get("password") ?? "");
    const password = given.replaceAll(/[\\:]/g, "\\$&");
    await writeFile(passfile, `*:*:*:*:${password}\n`, { mode: 0o600 });
    connection.password = "";
    connection.searchParams.delete("password");
    connection.searchParams.set("passfile", passfile);
    const named = tables.flatMap((table) => ["--table", table]);
    const snapshot = await exportSnapshot(target);
    const words = [
      "--no-password",
      `--snapshot=${snapshot}`,
      "--format=custom",
      `--file=${partial}`,
      ...named,
      `--dbname=${connection.href}`,
    ];
    await staying(target, () =>
      run(options.pgDump, words, {
        timeout: options.dumpTimeoutMs,
        ...(options.environment && { env: options.environment }),
      }),
    );
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

/** A transaction that sits idle for 15 seconds is ended; this one waits for a program. */
async function staying(target: Tx, work: () => Promise<unknown>): Promise<void> {
  const timer = setInterval(() => void giveSign(target).catch(() => undefined), 2_000);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
}

async function digestOfFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return `sha256:${hash.digest("hex")}`;
}
