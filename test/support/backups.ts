import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openDatabase } from "../../src/database/index.ts";
import { type Backup, backUp } from "../../src/plans/step/backup.ts";
import type { Target } from "./runs.ts";
import type { Owner } from "./service.ts";

/** A folder that is gone with the test. */
export async function newFolder(t: Owner): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-backup-test-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface BackupChoice {
  readonly pgDump?: string;
  readonly url?: string;
  /** Of the run. */
  readonly root?: string;
}

/** Backs tables up as a step does, in one read-only transaction. */
export async function backUpTables(
  t: Owner,
  target: Target,
  tables: string[],
  { pgDump, url, root = "root" }: BackupChoice = {},
): Promise<{ directory: string; backup: Backup }> {
  const directory = await newFolder(t);
  const database = openDatabase({ url: target.url, poolSize: 1 });
  const options = {
    directory,
    pgDump: pgDump ?? "/nowhere/pg_dump",
    dumpTimeoutMs: 10_000,
    environment: { PATH: "/nowhere" },
    url: () => url ?? target.url,
  };
  const place = { target: "default", parts: ["plan", "1", "2", root] };
  try {
    const backup = await database.transact((tx) => backUp(tx, options, place, tables), { readOnly: true });
    return { directory, backup };
  } finally {
    await database.close();
  }
}
