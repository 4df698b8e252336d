import pg from "pg";
import t, { type Test } from "tap";
import { provision, targetDatabase } from "../../../src/database/embedded/index.ts";
import { openDatabase } from "../../../src/database/index.ts";
import { verifyLifecycle } from "../../../src/lifecycle/verification/report.ts";
import { eventually, newDataDirectory, start } from "../../support/data-directory.ts";
import { expectStatus } from "../../support/flow.ts";
import { installPlan, type LifecycleRole, roleUrl } from "../../support/lifecycle.ts";
import { planFile } from "../../support/plans.ts";
import { ask } from "../../support/runs.ts";
import { type InProcess, startService } from "../../support/service.ts";

t.setTimeout(160_000);

interface Place {
  readonly service: InProcess;
  readonly superUrl: string;
  readonly targetUrl: string;
}

/** A service over a target whose server keeps the log that the detector reads. */
async function watchedPlace(t: Test): Promise<Place> {
  const settings = { fsync: "off", logging_collector: "on", log_destination: "jsonlog" };
  const server = await start(t, await newDataDirectory(t), { settings });
  const { targetUrl } = await provision(server);
  const superUrl = server.url(targetDatabase);
  await ask(superUrl, await planFile("fixtures/lifecycle.sql"));
  await ask(superUrl, `GRANT directus TO countersign_target; GRANT CONNECT ON DATABASE ${targetDatabase} TO PUBLIC`);
  await installPlan({ url: targetUrl }, "lifecycle-enactment.yaml");
  await installPlan({ url: targetUrl }, "lifecycle-backlog.yaml");
  await ask(superUrl, await planFile("fixtures/lifecycle-detector.sql"));
  return { service: await startService(t, { targets: { default: targetUrl } }), superUrl, targetUrl };
}

interface Attempt {
  readonly by: LifecycleRole | "superuser";
  /** Statements before the one that must be refused. */
  readonly first?: readonly string[];
  readonly sql: string;
  readonly operation: string;
  readonly object: string;
}

const operations = (table: string, column: string): readonly [string, string][] => [
  ["INSERT", `INSERT INTO ${table} DEFAULT VALUES`],
  ["UPDATE", `UPDATE ${table} SET ${column} = ${column}`],
  ["DELETE", `DELETE FROM ${table}`],
  ["TRUNCATE", `TRUNCATE ${table} CASCADE`],
];

const guarded = [
  ["public.information_unit", "title"],
  ["public.unit_version", "title"],
  ["public.iu_lifecycle_vocab", "name"],
  ["public.iu_lifecycle_log", "actor"],
] as const;
const withoutRights = [
  ["public.dot_config", "value"],
  ["cutter_governance.review_decision", "reason"],
] as const;
/** The roles that may use cutter_governance; the others are turned away at the schema, where no table is named. */
const mayLookInside: readonly LifecycleRole[] = ["directus", "cutter_exec", "cutter_verify", "workflow_admin"];

const plain: readonly Attempt[] = (
  ["directus", "cutter_exec", "cutter_verify", "workflow_admin", "context_pack_readonly", "public"] as const
).flatMap((by) =>
  // directus owns it all, and is refused by the guard alone.
  [...guarded, ...(by === "directus" ? [] : withoutRights)].flatMap(([table, column]) => {
    const inside = mayLookInside.includes(by) || !table.startsWith("cutter_governance.");
    const object = inside ? table : "cutter_governance";
    return operations(table, column).map(([operation, sql]) => ({ by, sql, operation, object }));
  }),
);

const marker = "SET app.canonical_writer = 'fn_iu_enact'";
const devious: readonly Attempt[] = [
  ...guarded.map(([object, column]) => ({
    by: "superuser" as const,
    first: ["SET session_replication_role = replica"],
    sql: `UPDATE ${object} SET ${column} = ${column}`,
    operation: "UPDATE",
    object,
  })),
  {
    by: "superuser",
    first: ["SET session_replication_role = replica"],
    sql: "TRUNCATE public.iu_lifecycle_log",
    operation: "TRUNCATE",
    object: "public.iu_lifecycle_log",
  },
  {
    by: "directus",
    first: [marker],
    sql: "UPDATE public.information_unit SET lifecycle_status = 'enacted'",
    operation: "UPDATE",
    object: "public.information_unit",
  },
  {
    by: "directus",
    first: ["SET ROLE directus", marker, "CREATE VIEW public.units AS SELECT * FROM public.unit_version"],
    sql: "DELETE FROM public.units",
    operation: "DELETE",
    object: "public.unit_version",
  },
  {
    by: "directus",
    first: [
      "SET ROLE directus",
      "CREATE FUNCTION public.fn_iu_enact() RETURNS void LANGUAGE plpgsql SET app.canonical_writer = 'fn_iu_enact' AS $$ BEGIN INSERT INTO public.iu_lifecycle_log (actor) VALUES ('x'); END $$",
    ],
    sql: "SELECT public.fn_iu_enact()",
    operation: "INSERT",
    object: "public.iu_lifecycle_log",
  },
];

/** Makes every attempt over one connection a role, each under a name of its own. @returns the names that were not refused */
async function attemptAll(t: Test, { superUrl }: Place, attempts: readonly Attempt[]): Promise<string[]> {
  const clients = new Map<string, pg.Client>();
  const allowed: string[] = [];
  for (const [n, { by, first = [], sql }] of attempts.entries()) {
    let client = clients.get(by);
    if (client === undefined) {
      client = new pg.Client({ connectionString: by === "superuser" ? superUrl : await roleUrl(t, { superUrl }, by) });
      clients.set(by, client);
      client.on("error", () => undefined);
      await client.connect();
    }
    await client.query("DISCARD ALL");
    await client.query(`SET application_name = 'attempt-${n}'`);
    for (const statement of first) await client.query(statement);
    const refused = await client.query(sql).then(
      () => false,
      (error: unknown) => error instanceof pg.DatabaseError && error.code === "42501",
    );
    if (!refused) allowed.push(`${by}: ${sql}`);
  }
  await Promise.all([...clients.values()].map((client) => client.end()));
  return allowed;
}

interface Incident {
  readonly subject: string;
  readonly detail: { readonly application_name: string; readonly operation: string; readonly role: string };
}

async function allIncidents(service: InProcess): Promise<Incident[]> {
  const found: Incident[] = [];
  for (let cursor = ""; ; ) {
    const url = `/v1/lifecycle/incidents?kind=direct_write_refused&limit=200${cursor}`;
    const { body } = await expectStatus(service.call("GET", url, { as: "operator" }), 200);
    found.push(...(body["items"] as unknown as Incident[]));
    if (body["next_cursor"] === null) return found;
    cursor = `&cursor=${String(body["next_cursor"])}`;
  }
}

const watch = async (service: InProcess) =>
  (await expectStatus(service.call("POST", "/v1/lifecycle/watch", { as: "operator" }), 200)).body;

const rowCounts = `SELECT (SELECT count(*) FROM public.information_unit) AS units, (SELECT count(*) FROM public.unit_version) AS versions,
  (SELECT count(*) FROM public.iu_lifecycle_vocab) AS words, (SELECT count(*) FROM public.iu_lifecycle_log) AS log,
  (SELECT count(*) FROM public.dot_config) AS config, (SELECT count(*) FROM cutter_governance.review_decision) AS decisions`;

t.test("LIFE-1 each direct write, by every role and by every way around, is refused and is one incident", async (t) => {
  const place = await watchedPlace(t);
  // It tries what is refused, and is no incident: none but the attempts are found below (LIFE-5).
  const opened = openDatabase({ url: place.targetUrl, poolSize: 1 });
  t.equal((await verifyLifecycle(opened)).passed, true);
  await opened.close();
  const before = await ask(place.superUrl, rowCounts);
  const attempts = [...plain, ...devious];
  t.strictSame(await attemptAll(t, place, attempts), []);
  t.strictSame(await ask(place.superUrl, rowCounts), before);

  // The server writes its log a little later than it refuses.
  await eventually(async () => {
    t.match(await watch(place.service), { detector: { state: "reading" } });
    return (await allIncidents(place.service)).length >= attempts.length;
  });
  await watch(place.service);
  const found = new Map<string, Incident[]>();
  for (const one of await allIncidents(place.service)) {
    const name = one.detail.application_name;
    found.set(name, [...(found.get(name) ?? []), one]);
  }
  for (const [n, { by, sql, operation, object }] of attempts.entries()) {
    const incidents = (found.get(`attempt-${n}`) ?? []).map(({ subject, detail }) => [subject, detail.operation]);
    t.strictSame(incidents, [[object, operation]], `${by}: ${sql}`);
  }
  t.equal([...found.values()].flat().length, attempts.length, "and nothing else");
});
