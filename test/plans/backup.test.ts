import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import t, { type Test } from "tap";
import type { Backup } from "../../src/plans/step/backup.ts";
import { backUpTables, newFolder } from "../support/backups.ts";
import { smallFixture, smallPlan } from "../support/crash/small-plan.ts";
import { act, approve, readPlan, register, rehearse, setPlace } from "../support/plans.ts";
import { type Target, useTarget } from "../support/runs.ts";

t.setTimeout(120_000);

interface Made {
  readonly directory: string;
  readonly backup: Backup;
}

/** Puts the first table of a backup back, over a connection of its own, as whoever restores it would. */
async function restore(target: Target, made: Made, table: string): Promise<void> {
  const columns = made.backup.tables[0]?.columns.map((name) => pg.escapeIdentifier(name)).join(", ") ?? "";
  const client = new pg.Client({ connectionString: target.superUrl });
  await client.connect();
  try {
    await pipeline(createReadStream(fileIn(made)), client.query(copyFrom(`COPY ${table} (${columns}) FROM STDIN`)));
  } finally {
    await client.end();
  }
}

async function difference(target: Target, left: string, right: string): Promise<unknown[]> {
  return target.query(
    `(SELECT 'only there' AS side, a::text FROM ${left} a EXCEPT ALL SELECT 'only there', b::text FROM ${right} b)
     UNION ALL (SELECT 'only back', b::text FROM ${right} b EXCEPT ALL SELECT 'only back', a::text FROM ${left} a)`,
  );
}

function fileIn({ directory, backup }: Made, at = 0): string {
  return path.join(directory, backup.tables[at]?.file ?? "none");
}

const odd = `
  CREATE TYPE public.mood AS ENUM ('fine', 'so, so', 'with "quotes"');
  CREATE TABLE public.odd (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, words text, raw bytea, exact numeric, about double precision,
    moment timestamptz, day date, span interval, list text[], grid integer[][], tree jsonb, feeling public.mood, yes boolean,
    letters char(5));
  INSERT INTO public.odd (words, raw, exact, about, moment, day, span, list, grid, tree, feeling, yes, letters) VALUES
    (E'a\\ttab, a\\nline, a\\rreturn, a back\\\\slash and \\\\N as it stands', '\\x00ff0a095c', 123456789012345678901234567890.000000000100, 0.1, '2024-03-31 01:30:00.123456+02', '0044-03-15 BC', '1 year -3 days 04:05:06.789', ARRAY['a,b', 'NULL', '', 'q"q', E'b\\\\s', NULL], '{{1,2},{3,NULL}}', '{"a": [1, null, "\\u00e9\\t"]}', 'with "quotes"', true, 'ab'),
    ('', '', 'NaN', 'Infinity', 'infinity', '-infinity', '0', '{}', '{}', 'null', 'so, so', false, ''),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (E'\\\\.', '\\x5c2e0a', -0.00, '-0', '0001-01-01 00:00:00 BC', '9999-12-31', '-178000000 years', ARRAY[E'\\n', E'\\t'], '[0:1]={7,8}', '[]', 'fine', NULL, 'é'),
    ('日本語 – 🦊 – e' || U&'\\0301' || U&'\\2028' || chr(1) || chr(127), NULL, 1e-300, 1e-300, '1970-01-01 00:00:00+00', 'today', NULL, NULL, NULL, '"🦊"', NULL, NULL, NULL);
  CREATE TABLE public.odd_back (LIKE public.odd INCLUDING ALL)`;

t.test("PLAN-5 a backup holds every odd value, under the digest of its file, and can be put back", async (t) => {
  const target = await useTarget(t);
  await target.query(odd);
  await target.query("ALTER TABLE public.odd OWNER TO countersign_owner");
  const made = await backUpTables(t, target, ["public.odd"]);
  const [table] = made.backup.tables;
  const bytes = await readFile(fileIn(made));
  t.equal(table?.digest, `sha256:${createHash("sha256").update(bytes).digest("hex")}`);
  t.match(table, { table: "public.odd", rows: 5, bytes: bytes.length });
  t.equal((await stat(fileIn(made))).mode & 0o077, 0, "nobody else may read it");
  await restore(target, made, "public.odd_back");
  t.strictSame(await difference(target, "public.odd", "public.odd_back"), []);
  t.strictSame(await target.query("SELECT count(*)::integer AS rows FROM public.odd_back"), [{ rows: 5 }]);
  await target.query("UPDATE public.odd_back SET words = words || '.' WHERE id = 1");
  t.equal((await difference(target, "public.odd", "public.odd_back")).length, 2, "the comparison sees one value");
  const listed: unknown = JSON.parse(
    await readFile(path.join(made.directory, made.backup.directory, "backup.json"), "utf8"),
  );
  t.strictSame(listed, made.backup, "the list beside it says the same");
});

t.test("PLAN-5 settings of the target's role or database change nothing about a backup", async (t) => {
  const target = await useTarget(t);
  await target.query(odd);
  await target.query("ALTER TABLE public.odd OWNER TO countersign_owner");
  const name = new URL(target.url).pathname.slice(1);
  for (const setting of [
    "DateStyle = 'SQL, DMY'",
    "IntervalStyle = 'sql_standard'",
    "extra_float_digits = -10",
    "bytea_output = 'escape'",
    "TimeZone = 'Asia/Kathmandu'",
  ]) {
    await target.query(`ALTER DATABASE ${name} SET ${setting}`);
  }
  const made = await backUpTables(t, target, ["public.odd"]);
  for (const setting of ["DateStyle", "IntervalStyle", "extra_float_digits", "bytea_output", "TimeZone"]) {
    await target.query(`ALTER DATABASE ${name} RESET ${setting}`);
  }
  await restore(target, made, "public.odd_back");
  t.strictSame(await difference(target, "public.odd", "public.odd_back"), []);
});

t.test("PLAN-5 a table with generated and dropped columns can be put back", async (t) => {
  const target = await useTarget(t);
  await target.query(`
    CREATE TABLE public.made (id integer, gone text, twice integer GENERATED ALWAYS AS (id * 2) STORED, words text);
    INSERT INTO public.made (id, gone, words) VALUES (1, 'x', 'one'), (2, 'y', NULL);
    ALTER TABLE public.made DROP COLUMN gone, OWNER TO countersign_owner;
    CREATE TABLE public.made_back (LIKE public.made INCLUDING ALL)`);
  const made = await backUpTables(t, target, ["public.made"]);
  await t.resolves(restore(target, made, "public.made_back"));
  t.strictSame(await difference(target, "public.made", "public.made_back"), []);
});

t.test("PLAN-5 the rows of tables that inherit are none of the parent's, those of partitions are", async (t) => {
  const target = await useTarget(t);
  await target.query(`
    CREATE TABLE public.parent (id integer); CREATE TABLE public.child () INHERITS (public.parent);
    INSERT INTO public.parent VALUES (1); INSERT INTO public.child VALUES (2);
    CREATE TABLE public.whole (id integer) PARTITION BY LIST (id);
    CREATE TABLE public.part PARTITION OF public.whole FOR VALUES IN (3); INSERT INTO public.whole VALUES (3);
    ALTER TABLE public.parent OWNER TO countersign_owner; ALTER TABLE public.child OWNER TO countersign_owner;
    ALTER TABLE public.whole OWNER TO countersign_owner; ALTER TABLE public.part OWNER TO countersign_owner`);
  const made = await backUpTables(t, target, ["public.parent", "public.whole"]);
  t.equal(await readFile(fileIn(made, 0), "utf8"), "1\n");
  t.equal(await readFile(fileIn(made, 1), "utf8"), "3\n");
});

t.test("PLAN-5 rows that the target's role may not see are not left out of a backup in silence", async (t) => {
  const target = await useTarget(t);
  await target.query(`
    CREATE TABLE public.hidden (id integer); INSERT INTO public.hidden VALUES (1), (2);
    ALTER TABLE public.hidden OWNER TO countersign_owner, ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY half ON public.hidden USING (id = 1)`);
  await t.rejects(backUpTables(t, target, ["public.hidden"]), { code: "BACKUP_FAILED" });
});

t.test(
  "PLAN-5 whatever a run is called, its backup lies below the directory, and in no other run's place",
  async (t) => {
    const target = await useTarget(t);
    await target.query("CREATE TABLE public.kept (id integer); ALTER TABLE public.kept OWNER TO countersign_owner");
    const long = "é/".repeat(90);
    const places = new Set<string>();
    const roots = [`${long}1`, `${long}2`, "..", ".", "../../escape", "a/b", "a%2Fb", "A", "a", "con:*?"];
    for (const root of roots) {
      const { directory, backup } = await backUpTables(t, target, ["public.kept"], { root });
      const place = path.relative(directory, await realpath(path.join(directory, backup.directory)));
      t.match(place, /^plan\/1\/2\/[^/]+$/, root.slice(0, 20));
      places.add(place);
    }
    t.equal(places.size, roots.length);
  },
);

interface Hindered {
  readonly title: string;
  /** What stands in the place of a directory, below the test's own. */
  readonly file: string;
  readonly stop: string;
  readonly record: string;
  readonly outcome: string;
}

const hindrances: readonly Hindered[] = [
  {
    title: "PLAN-5 a step is not begun where there is no place for backups, and its record is not burned",
    file: "backups",
    stop: "ABORT",
    record: "active",
    outcome: "rehearsed",
  },
  {
    title: "PLAN-5 a step whose backup cannot be written is not begun, and changes nothing",
    file: "backups/small",
    stop: "ABORT_BACKUP",
    record: "consumed",
    outcome: "failed",
  },
];

/** Whoever runs the tests may be root, who can write everywhere: only a file cannot be a directory. */
async function hinder(t: Test, { file, stop, record, outcome }: Hindered): Promise<void> {
  const folder = await newFolder(t);
  const config = { backupDir: path.join(folder, "backups"), pgDump: "/nowhere/pg_dump" };
  const { service, target } = await setPlace(t, { fixture: smallFixture, config });
  const plan = await register(service, smallPlan);
  const { run } = await rehearse(service, plan, 1);
  t.match(run, { status: "succeeded" });
  await rm(path.join(folder, file), { recursive: true, force: true });
  await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
  await writeFile(path.join(folder, file), "in the place of the directory");
  const tables = () =>
    target.query(`SELECT relname, (SELECT jsonb_agg(r) FROM public.register r) AS rows FROM pg_class
                   WHERE relnamespace = 'public'::regnamespace AND relname !~ '^countersign_' ORDER BY 1`);
  const before = await tables();
  const code = await approve(service, plan, 1, run.rehearsal?.rehearsal_ref);
  const done = await act(service, plan, 1, "commit", code);
  t.match(done.run, { status: "stopped", stop_state: stop, error: { code: "BACKUP_FAILED" } });
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query(
      `SELECT status, (SELECT count(*)::integer FROM dot_iu_runtime_lease WHERE released_at IS NULL) AS leases
         FROM os_proposal_approvals WHERE approval_code = $1`,
      [code],
    ),
  );
  t.strictSame(rows, [{ status: record, leases: 0 }]);
  t.strictSame(await tables(), before);
  const { ledger, steps } = await readPlan(service, plan);
  t.match(ledger.at(-1), { outcome });
  t.match(steps, [{ step: 1, status: "open" }]);
  t.equal(await readFile(path.join(folder, file), "utf8"), "in the place of the directory");
}

for (const hindered of hindrances) t.test(hindered.title, (t) => hinder(t, hindered));
