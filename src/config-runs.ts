import { integer, text, type Variable, variable } from "./config-readers.ts";

/** How this process works on runs. */
export interface RunConfig {
  readonly runLeaseSeconds: number;
  readonly runRetrySeconds: number;
  readonly runPollMs: number;
  readonly runConcurrency: number;
  readonly backupDir: string;
  readonly pgDump: string;
  readonly pgDumpTimeoutMs: number;
}

export const runVariables: { readonly [Key in keyof RunConfig]: Variable<RunConfig[Key]> } = {
  runLeaseSeconds: variable(
    "RUN_LEASE_SECONDS",
    "How long a run is left to a process that gives no sign of life; it renews its lease three times in that time.",
    "30",
    integer(30, 1, 3_600),
  ),
  runRetrySeconds: variable(
    "RUN_RETRY_SECONDS",
    "How long transient faults of one state of a run are retried before it counts as failed.",
    "30",
    integer(30, 0, 3_600),
  ),
  runPollMs: variable(
    "RUN_POLL_MS",
    "How often this process looks for runs that nobody works on.",
    "1000",
    integer(1_000, 10, 60_000),
  ),
  runConcurrency: variable(
    "RUN_CONCURRENCY",
    "Runs that this process works on at once; 0 leaves them to others.",
    "4",
    integer(4, 0, 256),
  ),
  backupDir: variable(
    "BACKUP_DIR",
    "Where the backups of plans are kept, a directory; it is made if need be.",
    "./.data/backups",
    text("./.data/backups", /^[^\0]{1,1000}$/, "a path"),
  ),
  pgDump: variable(
    "PG_DUMP",
    "The program pg_dump, by name or path; backups do without it where it is not there.",
    "pg_dump",
    text("pg_dump", /^[^\0]{1,1000}$/, "a program"),
  ),
  pgDumpTimeoutMs: variable(
    "PG_DUMP_TIMEOUT_MS",
    "How long pg_dump may take.",
    "60000",
    integer(60_000, 100, 3_600_000),
  ),
};
