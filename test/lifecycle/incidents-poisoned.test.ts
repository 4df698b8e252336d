import t from "tap";
import { openDatabase } from "../../src/database/index.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { lookAt, recordLook, watchTarget } from "../../src/lifecycle/index.ts";
import { type Accepted, acceptedGateway, disabled, writeLines, writtenLog } from "./incidents-scene.ts";

t.setTimeout(120_000);

const caller = serviceCaller("test");

/** A detector that answers whatever is in a table: the function is the target's, and the service must not trust it. */
const anyDetector = `
  CREATE TABLE public.told (session_id text, line_num bigint, at timestamptz, role text, application_name text, remote_host text,
                            sqlstate text, message text, statement_sha256 text, operation text, object text);
  CREATE TABLE public.next_place (file text, place bigint);
  INSERT INTO public.next_place VALUES ('a.json', 1);
  CREATE FUNCTION public.fn_iu_refused_writes(p_file text, p_position bigint)
    RETURNS TABLE (file text, next_position bigint, session_id text, line_num bigint, at timestamptz, role text, application_name text,
                   remote_host text, sqlstate text, message text, statement_sha256 text, operation text, object text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
      SELECT NULL::text, NULL::bigint, t.* FROM public.told AS t WHERE coalesce(p_position, 0) = 0
      UNION ALL
      SELECT n.file, n.place, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM public.next_place AS n $$;
  GRANT EXECUTE ON FUNCTION public.fn_iu_refused_writes(text, bigint) TO directus`;

/** One row of that detector, with some of it otherwise. */
function told(values: Record<string, string>): string {
  const row = {
    session_id: "'5f.1'",
    line_num: "1",
    at: "now()",
    role: "'somebody'",
    application_name: "'psql'",
    remote_host: "'::1'",
    sqlstate: "'42501'",
    message: "'IU Gateway blocked'",
    statement_sha256: "repeat('0', 64)",
    operation: "'UPDATE'",
    object: "'public.unit_version'",
    ...values,
  };
  return `INSERT INTO public.told VALUES (${Object.values(row).join(", ")})`;
}

async function place({ control }: Accepted): Promise<unknown[]> {
  return (await control.transact((tx) => tx.query("SELECT file, position FROM detector_positions"))).rows;
}

const long = "repeat('\u{1f4dc}ab', 200000)";
const hostile: readonly (readonly [string, Record<string, string>])[] = [
  ["an object of a million characters", { object: long }],
  [
    "an object that is random, as no index could hold it",
    {
      object: "(SELECT string_agg(md5(g::text), '') FROM generate_series(1, 400) AS g)",
    },
  ],
  ["an object that is not governed", { object: "'public.pg_toast'" }],
  ["no object", { object: "NULL" }],
  ["an operation that is none", { operation: long }],
  ["names without end", { role: long, application_name: long, remote_host: long, message: long }],
  ["a SQLSTATE and a digest that are none", { sqlstate: long, statement_sha256: long }],
  ["a moment that is none", { at: "'infinity'" }],
  ["a moment in a year that no date has", { at: "'294276-12-31 00:00:00+00'" }],
  ["a session that is none", { session_id: long }],
  ["a session with nothing in it", { session_id: "''", line_num: "NULL" }],
  ["a number of a line that is none", { line_num: "-7" }],
  ["nothing at all", { role: "NULL", application_name: "NULL", message: "NULL", operation: "NULL", at: "NULL" }],
];

t.test("OPEN-10 whatever the detector says, the watch goes on and tells of a tampering at once", async (t) => {
  const at = await acceptedGateway(t);
  await at.target.query(anyDetector);
  await at.accept();
  for (const [n, [what, values]] of hostile.entries())
    await at.target.query(told({ line_num: String(n + 100), application_name: `'${what}'`, ...values }));
  await at.target.query(disabled.sql);
  await watchTarget(at.control, at.opened, "default", caller);
  const incidents = await at.incidents();
  t.equal(incidents.filter(({ kind }) => kind === "gateway_changed").length, 1, "the tampering");
  const lines = incidents.filter(({ kind }) => kind === "direct_write_refused");
  t.equal(lines.length, hostile.length, "and each line, none of them lost");
  const sizes = lines.map(({ subject, sighting, detail }) =>
    [subject, sighting, JSON.stringify(detail)].map((text) => String(text).length),
  );
  t.ok(sizes.every(([subject = 0, sighting = 0, detail = 0]) => subject <= 40 && sighting <= 90 && detail < 4_000));
  t.strictSame(
    [...new Set(lines.map(({ subject }) => String(subject)))].toSorted(),
    ["public.unit_version", "unknown"],
    "an object is one of those that the gateway governs",
  );
  t.same(await place(at), [{ file: "a.json", position: "1" }]);
});

t.test("OPEN-10 a place that is none is not gone to, and nothing stops", async (t) => {
  const at = await acceptedGateway(t);
  await at.target.query(anyDetector);
  await at.accept();
  await at.target.query(told({}));
  const places = [
    ["NULL", "7"],
    ["''", "7"],
    [long, "7"],
    ["'a.json'", "NULL"],
    ["'a.json'", "-7"],
  ];
  for (const [file, number] of places) {
    await at.target.query(`UPDATE public.next_place SET file = ${file}, place = ${number}`);
    const look = await lookAt(at.control, at.opened, "default");
    t.equal(look.log.to, undefined, `${file?.slice(0, 20)} ${number}`);
    await at.control.transact((tx) => recordLook(tx, caller, look));
  }
  t.same(await place(at), []);
});

t.test(
  "OPEN-10 a sighting that cannot be stored is counted, and keeps neither the others nor the position",
  async (t) => {
    const at = await acceptedGateway(t);
    await at.target.query(writtenLog);
    await at.accept();
    await writeLines(at.target, 0, 7);
    const root = openDatabase({ url: at.stage.names.superUrl, poolSize: 1 });
    t.teardown(() => root.close());
    await root.transact((tx) =>
      tx.query("ALTER TABLE lifecycle_incidents ADD CONSTRAINT not_this_one CHECK (sighting <> '5f.1/3')"),
    );
    await at.target.query(disabled.sql);
    const look = await lookAt(at.control, at.opened, "default");
    const report = await at.control.transact((tx) => recordLook(tx, caller, look));
    t.match(report, { skipped: 1, differences: [{ object: disabled.subject }] });
    const incidents = await at.incidents();
    t.equal(incidents.length, 1 + 6 + 1);
    t.match(incidents.at(-1), { subject: "unknown", detail: { could_not_be_stored: 1 } }, "that there was one is told");
    t.same(await place(at), [{ file: "a.json", position: "7" }]);
    await watchTarget(at.control, at.opened, "default", caller);
    t.equal((await at.incidents()).length, 8);
  },
);

t.test("OPEN-10 a flood is 200 incidents and one that says how many more", async (t) => {
  const at = await acceptedGateway(t);
  await at.target.query(anyDetector);
  await at.accept();
  await at.target.query(
    told({ line_num: "1000" }).replace(/VALUES \((.*)\)$/, (_, row: string) => {
      const many = row.replace("1000", "n").replace("'somebody'", "'role_' || n % 3");
      return `SELECT ${many} FROM generate_series(1, 3000) AS n`;
    }),
  );
  await at.target.query(disabled.sql);
  const looks = [await lookAt(at.control, at.opened, "default"), await lookAt(at.control, at.opened, "default")];
  for (const look of looks) await at.control.transact((tx) => recordLook(tx, caller, look));
  const incidents = await at.incidents();
  t.match(incidents[0], { kind: "gateway_changed", subject: disabled.subject });
  t.equal(incidents.length, 1 + 200 + 1, "the second look had read the same, and records none of it");
  const folded = incidents.find(({ subject }) => subject === "2800 more");
  t.match(folded, {
    kind: "direct_write_refused",
    detail: { folded: 2_800, groups: [{ group: /UPDATE public.unit_version by role_/ }, {}, {}], other_groups: 0 },
  });
  const { groups = [] } = (folded?.["detail"] ?? {}) as { groups?: { count: number }[] };
  t.equal(
    groups.reduce((sum, { count }) => sum + count, 0),
    2_800,
  );
});

t.test("OPEN-10 a name of thousands of characters in the gateway itself is an incident too", async (t) => {
  const at = await acceptedGateway(t);
  const types = Array.from({ length: 90 }, (_, n) => `"${"t".repeat(55)}${n}"`);
  await at.target.query(types.map((name) => `CREATE DOMAIN public.${name} AS text`).join("; "));
  await at.target.query(
    `CREATE FUNCTION public.fn_iu_enact(${types.map((name) => `public.${name}`).join(", ")}) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  );
  await watchTarget(at.control, at.opened, "default", caller);
  const [incident] = await at.incidents();
  t.match(incident, { kind: "gateway_changed", subject: /^function public[.]fn_iu_enact[(].* sha256:[0-9a-f]{64}$/ });
  t.equal(String(incident?.["subject"]).length, 300);
});
