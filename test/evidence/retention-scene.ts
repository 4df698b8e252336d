import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Test } from "tap";
import type pg from "pg";
import { type Database, openDatabase } from "../../src/database/index.ts";
import {
  readCheckpoint,
  readLeaves,
  type RetainOptions,
  retainMonths,
  verifyExport,
} from "../../src/evidence/index.ts";
import { seal, type Seen } from "../../src/evidence/log/seal.ts";
import { canonicalJson } from "../../src/kernel/json.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { connect, type LogScene, setLogScene } from "../support/log-scene.ts";

export interface MonthsScene extends LogScene {
  readonly owner: Database;
  readonly admin: pg.Client;
  /** The three months before this one, the oldest first, and this one. */
  readonly months: readonly [string, string, string, string];
  readonly directory: string;
}

/** A log that is three months old. */
export async function setMonths(t: Test, events = 300): Promise<MonthsScene> {
  const scene = await setLogScene(t);
  const owner = openDatabase({ url: scene.names.ownerUrl, poolSize: 2, statementTimeoutMs: 60_000 });
  t.teardown(() => owner.close());
  const admin = await connect(t, scene.names.superUrl);
  await admin.query(`DO $$
    DECLARE month timestamptz; part text;
    BEGIN
      ALTER TABLE audit_events DETACH PARTITION audit_events_before_log;
      DROP TABLE audit_events_before_log;
      FOR ago IN REVERSE 3..0 LOOP
        month := (date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') - make_interval(months => ago)) AT TIME ZONE 'UTC';
        part := 'audit_events_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        EXECUTE format('CREATE TABLE %I PARTITION OF audit_events FOR VALUES FROM (%L) TO (%L)', part, month,
                       (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
        EXECUTE format('ALTER TABLE %I OWNER TO countersign_owner', part);
        PERFORM guard_audit_partition(part::regclass);
      END LOOP;
    END $$`);
  const { rows } = await admin.query<{ month: string }>(
    `SELECT to_char(date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') - make_interval(months => ago), 'YYYY-MM') AS month
       FROM generate_series(3, 0, -1) AS ago`,
  );
  const months = rows.map(({ month }) => month) as unknown as MonthsScene["months"];
  const made = { ...scene, owner, admin, months, directory: t.testdir({}) };
  for (const ago of [3, 2, 1, 0]) await writeMonth(made, ago, events);
  return made;
}

/** Events of the month that many months ago; the last of it lies past its end, as one may that had its number early. */
export async function writeMonth({ admin }: Pick<MonthsScene, "admin">, ago: number, events: number): Promise<void> {
  await admin.query(
    `INSERT INTO audit_events (occurred_at, actor, action, resource_type, resource_id, request_id, after)
     SELECT least(date_trunc('month', clock_timestamp(), 'UTC') - make_interval(months => $1) + n * interval '1 second', clock_timestamp())
            + CASE WHEN n = $2 - 1 AND $1 > 0 THEN interval '1 month' ELSE interval '0' END,
            'writer', 'thing.changed', 'thing', 't' || n % 7, 'r', jsonb_build_object('version', n)
       FROM generate_series(1, $2::int) AS n`,
    [ago, events],
  );
}

/** Seals until every event has its leaf. Transactions in other databases of the server hold it up for a moment. */
export async function sealAll({ database, signer }: LogScene, before?: Seen): Promise<Seen | undefined> {
  let seen = before;
  for (let whole = false; !whole; ) {
    seen = (await seal(database, signer, seen))?.seen ?? seen;
    // not a sleep: the pace of the looks at the condition
    const { rows } = await database.transact((tx) =>
      tx.query<{ whole: boolean }>(
        `SELECT (SELECT sealed_seq FROM audit_log) >= coalesce((SELECT max(seq) FROM audit_events), 0) AS whole FROM pg_sleep(0.01)`,
      ),
    );
    whole = rows[0]?.whole === true;
  }
  return seen;
}

export function retain(scene: MonthsScene, options: Partial<RetainOptions> = {}) {
  const { owner, months, directory, signer } = scene;
  return retainMonths(owner, serviceCaller("retain"), {
    before: months[2],
    directory,
    drop: false,
    keys: [signer.key],
    cosigners: { required: 0, keys: [] },
    ...options,
  });
}

/** What `countersign audit export` writes. */
export async function exportNow({ database }: LogScene): Promise<string[]> {
  const head = await database.transact((tx) => readCheckpoint(tx));
  const lines = [canonicalJson({ format: "countersign-log/1", ...head })];
  const named = new Set<string>();
  for (let start: number | null = 0; start !== null; ) {
    const page = await database.transact((tx) => readLeaves(tx, start ?? 0, 200));
    for (const retained of page.retained) {
      if (!named.has(retained.sha256)) lines.push(canonicalJson({ retained }));
      named.add(retained.sha256);
    }
    lines.push(...page.items.map((item) => canonicalJson(item)));
    start = page.next;
  }
  return lines;
}

export function filesIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".jsonl"))
    .toSorted()
    .map((name) => path.join(directory, name));
}

export const linesIn = (file: string): string[] => readFileSync(file, "utf8").trimEnd().split("\n");

async function* each(lines: readonly string[]) {
  yield* lines;
}

/** What `countersign audit verify` says of these exports. */
export function verify({ signer }: LogScene, exports: readonly (readonly string[])[], earlier: readonly string[] = []) {
  return verifyExport(exports.map(each), { keys: [signer.key], witnesses: [], earlier });
}
