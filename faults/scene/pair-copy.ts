import { execFile } from "node:child_process";
import { type BigIntStats, chownSync, lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { chown, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import pg from "pg";

/** What a copy has no use for: the log comes by replication, and the rest belongs to the server that runs. */
const leftOut = new Set(["pg_wal", "postmaster.pid", "postmaster.opts", "standby.signal", "backup_label"]);

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Copies the data directory of a running server, as a base backup does: what pg_basebackup would do, which the embedded
 * package does not have. The copy becomes a server by replaying the log from where the backup began. A file that is there from
 * an earlier copy, with the same size and time of change, is left: most of them never change.
 * @param superUrl of the running server
 * @param copiedAt when the last copy between the two was made, in milliseconds; undefined if there was none
 */
export async function copyRunning(
  superUrl: string,
  from: string,
  to: string,
  copiedAt: number | undefined,
): Promise<void> {
  const client = new pg.Client({ connectionString: superUrl, application_name: "faults-copy" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('faults', true)");
    const owner = lstatSync(from);
    for (const name of leftOut) rmSync(path.join(to, name), { recursive: true, force: true });
    const wanted = filesOf(from);
    if (copiedAt !== undefined)
      for (const file of filesOf(to).keys()) if (!wanted.has(file)) rmSync(path.join(to, file));
    for (const folder of [".", ...foldersOf(from), "pg_wal", "pg_wal/archive_status"])
      makeFolder(path.join(to, folder), owner);
    const changed = [...wanted].filter(([file, now]) => !isSettled(now, path.join(to, file), copiedAt));
    await copyAll(
      from,
      to,
      changed.map(([file]) => file),
    );
    const { rows } = await client.query<{ labelfile: string }>("SELECT labelfile FROM pg_backup_stop(false)");
    await giveFile(path.join(to, "backup_label"), rows[0]?.labelfile ?? "", owner);
  } finally {
    await client.end();
  }
}

function entriesOf(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => !leftOut.has(name));
  return names.flatMap((name) => {
    if (!lstatSync(path.join(folder, name)).isDirectory()) return [name];
    const inner = readdirSync(path.join(folder, name), { recursive: true }) as string[];
    return [name, ...inner.map((entry) => path.join(name, entry))];
  });
}

function foldersOf(root: string): string[] {
  return entriesOf(root).filter((entry) => lookAt(path.join(root, entry))?.isDirectory() === true);
}

function filesOf(root: string): Map<string, BigIntStats> {
  const found = entriesOf(root).map((entry) => [entry, lookAt(path.join(root, entry))] as const);
  return new Map(
    found.flatMap(([entry, stats]) => (stats === undefined || stats.isDirectory() ? [] : [[entry, stats]])),
  );
}

/** A file that vanishes meanwhile is one that the log makes or removes again. */
function lookAt(file: string): BigIntStats | undefined {
  return lstatSync(file, { bigint: true, throwIfNoEntry: false });
}

/** Times of change have a grain: what changed about when it was copied may differ although they are alike. */
const grainMs = 2_000;

function isSettled(now: BigIntStats, copy: string, copiedAt: number | undefined): boolean {
  if (copiedAt === undefined || Number(now.mtimeMs) > copiedAt - grainMs) return false;
  const then = lookAt(copy);
  return then !== undefined && then.size === now.size && then.mtimeNs === now.mtimeNs;
}

async function copyAll(from: string, to: string, files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  try {
    const env = { ...process.env, LC_ALL: "C" };
    await promisify(execFile)("cp", ["-a", "--parents", "-t", to, ...files], { cwd: from, env });
  } catch (error) {
    const complaints = String((error as { stderr?: string }).stderr)
      .trim()
      .split("\n");
    if (!complaints.every((line) => line.endsWith("No such file or directory"))) throw error;
  }
}

function makeFolder(folder: string, { uid, gid }: Owner): void {
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined && uid !== process.getuid?.())
    chownSync(folder, uid, gid);
}

/** Writes a file that the server is to read: one that root has started for another user owns its files. */
export async function giveFile(file: string, content: string, { uid, gid }: Owner): Promise<void> {
  await writeFile(file, content, { mode: 0o600 });
  if (uid !== process.getuid?.()) await chown(file, uid, gid);
}
