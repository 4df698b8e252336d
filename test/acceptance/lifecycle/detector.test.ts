import { appendFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { targetDatabase } from "../../../src/database/embedded/index.ts";
import { eventually } from "../../support/data-directory.ts";
import { expectStatus } from "../../support/flow.ts";
import { type LifecycleRole, roleUrl, useUnits } from "../../support/lifecycle.ts";
import { planFile } from "../../support/plans.ts";
import { ask } from "../../support/runs.ts";
import { startService } from "../../support/service.ts";
import { attempt, drain, look, type Place, type Refusal, refusalsSoFar, watchedServer } from "./detector-server.ts";

t.setTimeout(160_000);

const seen = (rows: readonly Refusal[]) =>
  rows.map(({ application_name, operation, object, sqlstate }) => [application_name, operation, object, sqlstate]);

const writes: readonly (readonly [string, string, string])[] = [
  [
    "INSERT",
    "public.information_unit",
    "INSERT INTO public.information_unit (id, canonical_address) VALUES (gen_random_uuid(), 'A/sekrit')",
  ],
  ["UPDATE", "public.information_unit", "/* sekrit */ UPDATE public.information_unit SET title = 'sekrit'"],
  ["DELETE", "public.unit_version", "-- sekrit\nDELETE FROM public.unit_version"],
  ["TRUNCATE", "public.iu_lifecycle_log", "TRUNCATE public.iu_lifecycle_log"],
  [
    "UPDATE",
    "public.iu_lifecycle_log",
    "WITH s AS (SELECT 'sekrit' AS a) UPDATE public.iu_lifecycle_log SET actor = a FROM s",
  ],
  [
    "DELETE",
    "public.iu_lifecycle_vocab",
    "DO $$ BEGIN DELETE FROM public.iu_lifecycle_vocab WHERE code = 'sekrit'; END $$",
  ],
];

t.test("LIFE-7 the detector of direct writes", async (t) => {
  const watched = await watchedServer(t);
  const { superUrl, url } = watched;
  const place: Place = { file: null, position: "0" };
  const roles: readonly LifecycleRole[] = [
    "directus",
    "cutter_exec",
    "cutter_verify",
    "workflow_admin",
    "context_pack_readonly",
    "public",
  ];
  const logins = new Map<LifecycleRole, string>();
  for (const role of roles) logins.set(role, await roleUrl(t, watched, role));
  const loginOf = (role: LifecycleRole) => logins.get(role) ?? "";
  const nameOf = (role: LifecycleRole) => new URL(loginOf(role)).username;
  await refusalsSoFar(watched, place);

  await t.test("LIFE-7 every direct write by every role is found, whatever refuses it", async (t) => {
    for (const role of roles) {
      for (const [operation, object, statement] of writes)
        t.equal(await attempt(loginOf(role), statement, role), "42501", `${role} is refused ${operation} on ${object}`);
    }
    const found = await refusalsSoFar(watched, place);
    t.same(
      seen(found),
      roles.flatMap((role) => writes.map(([operation, object]) => [role, operation, object, "42501"])),
    );
    t.same(
      found.map(({ role }) => role),
      roles.flatMap((role) => writes.map(() => nameOf(role))),
      "each with the login that tried",
    );
    t.notMatch(JSON.stringify(found), /sekrit/, "no text of a statement comes along");
    t.ok(found.every(({ statement_sha256 }) => /^[0-9a-f]{64}$/.test(statement_sha256 ?? "")));
    t.equal(new Set(found.map(({ session_id, line_num }) => `${session_id} ${line_num}`)).size, found.length);
    t.ok(found.every(({ remote_host }) => remote_host === "127.0.0.1"));
    const ages = found.map(({ at }) => Math.abs(Date.now() - at.getTime()));
    t.ok(Math.max(...ages) < 120_000, "the moment is read in the time zone of the log");
  });

  await t.test("LIFE-7 what tampers with a table, or calls a function it may not, is found as well", async (t) => {
    const enact = "SELECT public.fn_iu_enact('ICX-CONST/DIEU-0', 'x', NULL, 'enacted', NULL, NULL, NULL, false)";
    const tries: readonly (readonly [string, string, string])[] = [
      ["ALTER", "public.information_unit", "ALTER TABLE public.information_unit DISABLE TRIGGER ALL"],
      ["DROP", "public.iu_lifecycle_log", "DROP TABLE public.iu_lifecycle_log"],
      ["EXECUTE", "public.fn_iu_enact", enact],
      ["SELECT FOR UPDATE", "public.information_unit", "SELECT FROM public.information_unit FOR UPDATE"],
      ["COPY", "public.unit_version", "COPY public.unit_version FROM STDIN"],
      ["UPDATE", "public.dot_config", "UPDATE public.dot_config SET value = 'off'"],
    ];
    for (const [, , statement] of tries)
      t.equal(await attempt(loginOf("cutter_verify"), statement), "42501", statement);
    const open = "BEGIN; ALTER TABLE public.unit_version DISABLE TRIGGER trg_aa_uv_gateway_write_guard";
    t.equal(await attempt(superUrl, `${open}; UPDATE public.unit_version SET lifecycle_status = 'enacted'`), "23001");
    t.same(seen(await refusalsSoFar(watched, place)), [
      ...tries.map(([operation, object]) => ["attempt", operation, object, "42501"]),
      ["attempt", "UPDATE", "public.unit_version", "23001"],
    ]);
  });

  await t.test("LIFE-7 what is allowed, and what fails for other reasons, is not handed out", async (t) => {
    await ask(superUrl, "CREATE TABLE public.other_table (id int PRIMARY KEY)");
    const passes = ["SELECT count(*) FROM public.information_unit", "SELECT 1"];
    for (const statement of passes) t.equal(await attempt(loginOf("cutter_exec"), statement), "");
    const fails: readonly (readonly [string, string])[] = [
      ["SELECT 1 / 0", "22012"],
      ["SELECT 'IU Gateway blocked: direct UPDATE on public.information_unit by me'::int", "22P02"],
      ["UPDATE public.other_table SET id = 1", "42501"],
      ["SELECT * FROM public.information_unit", "42501"],
      ["SELECT 'UPDATE', 'delete' FROM public.unit_version", "42501"],
      ["COPY public.unit_version TO STDOUT", "42501"],
      ["DO $$ BEGIN PERFORM count(*) FROM public.information_unit; END $$", "42501"],
      ["CREATE TABLE public.mine (id int)", "42501"],
    ];
    for (const [statement, sqlstate] of fails)
      t.equal(await attempt(loginOf("public"), statement), sqlstate, statement);
    const elsewhere = new URL(superUrl);
    elsewhere.pathname = "/postgres";
    await attempt(
      elsewhere.href,
      "DO $$ BEGIN RAISE 'IU Gateway blocked: direct UPDATE on x.y by z' USING ERRCODE = '42501'; END $$",
    );
    t.same(seen(await refusalsSoFar(watched, place)), []);
  });

  await t.test("LIFE-7 a statement longer than what is read at once does not hide", async (t) => {
    const long = "x".repeat(5 * 1024 * 1024);
    t.equal(await attempt(loginOf("cutter_exec"), `UPDATE public.information_unit SET title = '${long}'`), "42501");
    t.equal(await attempt(loginOf("directus"), `UPDATE public.information_unit SET title = '${long}'`), "42501");
    t.equal(
      await attempt(loginOf("cutter_exec"), `WITH a AS (SELECT '${long}') DELETE FROM public.unit_version`),
      "42501",
    );
    t.equal(
      await attempt(
        loginOf("cutter_exec"),
        `DO $$ BEGIN DELETE FROM public.unit_version WHERE body = '${long}'; END $$`,
      ),
      "42501",
    );
    t.equal(
      await attempt(loginOf("cutter_exec"), `UPDATE public.unit_version SET body = '${"/*".repeat(1_000_000)}'`),
      "42501",
    );
    t.equal(await attempt(loginOf("cutter_exec"), "DELETE FROM public.information_unit"), "42501");
    const found = await refusalsSoFar(watched, place);
    t.same(
      found.map(({ operation, object, role }) => [operation, object, role]),
      [
        ["UPDATE", "public.information_unit", nameOf("cutter_exec")],
        ["UPDATE", "public.information_unit", nameOf("directus")],
        ["UNKNOWN", "public.unit_version", nameOf("cutter_exec")],
        ["UNKNOWN", "public.unit_version", nameOf("cutter_exec")],
        ["UPDATE", "public.unit_version", nameOf("cutter_exec")],
        ["DELETE", "public.information_unit", nameOf("cutter_exec")],
      ],
    );
    t.ok(JSON.stringify(found).length < 10_000);
  });

  await t.test("LIFE-7 a new file is followed, and nothing is found twice or lost", async (t) => {
    const first = place.file;
    await attempt(loginOf("cutter_exec"), "DELETE FROM public.unit_version", "before");
    await eventually(async () => {
      const [row] = await ask<{ file: string }>(
        superUrl,
        "SELECT pg_rotate_logfile(), pg_current_logfile('jsonlog') AS file",
      );
      return path.basename(row?.file ?? "") !== first;
    });
    await attempt(loginOf("cutter_exec"), "DELETE FROM public.unit_version", "behind");
    const found = await refusalsSoFar(watched, place);
    t.same(
      found.map((one) => one.application_name),
      ["before", "behind"],
    );
    t.not(place.file, first);
    const [beyond] = await look(watched, { file: first, position: "999999999" });
    t.match(beyond, { file: place.file, next_position: "0", session_id: null }, "beyond its end the next one begins");
    const all = await drain(watched, { file: null, position: "77" });
    t.ok(
      all.some(({ application_name }) => application_name === "directus"),
      "without a file it begins with the oldest",
    );
    t.ok(all.some(({ application_name }) => application_name === "behind"));
  });

  await t.test("LIFE-7 only whole lines count; what is no line of the log, or no log, is passed over", async (t) => {
    const line = (values: object) =>
      `${JSON.stringify({
        timestamp: "2026-05-20 07:00:00.123 +07",
        user: "somebody",
        dbname: targetDatabase,
        remote_host: "10.0.0.1",
        session_id: "abc.1",
        line_num: 1,
        error_severity: "ERROR",
        state_code: "42501",
        message: "IU Gateway blocked: direct UPDATE on public.information_unit by somebody",
        statement: "UPDATE",
        application_name: "by hand",
        ...values,
      })}\n`;
    const later = "zz-by-hand.json";
    const file = path.join(watched.logs, later);
    const whole = line({});
    await writeFile(file, whole.slice(0, 100), { mode: 0o644 });
    const from: Place = { file: later, position: "0" };
    t.match(await look(watched, from), [{ file: later, next_position: "0", session_id: null }], "half a line is left");
    const latin = Buffer.from(line({ message: "IU Enacted immutable: \u00e9" }), "latin1");
    await appendFile(file, whole.slice(100));
    await appendFile(
      file,
      Buffer.concat([latin, Buffer.from(`garbage "error_severity":"ERROR" "state_code":"42501"\n\n`)]),
    );
    await appendFile(file, line({ dbname: "another" }) + line({ error_severity: "LOG" }) + line({ line_num: 2 }) + "{");
    t.match(await drain(watched, from), [
      { line_num: "1", at: new Date("2026-05-20T00:00:00.123Z") },
      { line_num: "2" },
    ]);
    t.equal(Number(from.position), (await stat(file)).size - 1, "the next call begins with the half line");
    await rm(file);
    for (const name of ["../postgresql.conf", "../PG_VERSION", "/etc/passwd", "nothing.json"])
      t.match((await look(watched, { file: name, position: "0" })).at(-1), { file: /\.json$/, session_id: null }, name);
  });

  await t.test("LIFE-7 through the service: each refusal is an incident, once", async (t) => {
    const service = await startService(t, { targets: { default: url } });
    const watch = async () => {
      const answer = service.call("POST", "/v1/lifecycle/watch", { as: "operator", body: {} });
      return (await expectStatus(answer, 200)).body as unknown as { opened: number[]; detector: { state: string } };
    };
    // The same lines again, by another way: what the service has not read yet is in the log from its beginning.
    const all = await drain(watched, { file: null, position: "0" });
    const first: number[] = [];
    for (;;) {
      const { opened, detector } = await watch();
      t.match(detector, { state: "reading" });
      if (opened.length === 0) break;
      first.push(...opened);
    }
    t.equal(first.length, all.length);
    for (const role of roles) t.equal(await attempt(loginOf(role), "DELETE FROM public.iu_lifecycle_log"), "42501");
    const opened: number[] = [];
    await eventually(async () => {
      opened.push(...(await watch()).opened);
      return opened.length >= roles.length;
    });
    const list = "/v1/lifecycle/incidents?kind=direct_write_refused&limit=6";
    const { body } = await expectStatus(service.call("GET", list, { as: "auditor" }), 200);
    t.match(
      body["items"],
      roles.toReversed().map((role) => ({
        subject: "public.iu_lifecycle_log",
        status: "open",
        detail: { role: nameOf(role), operation: "DELETE", sqlstate: "42501" },
      })),
    );
  });

  await t.test("LIFE-3 who may ask: the owner of the units, and nobody else", async (t) => {
    for (const role of roles) {
      const state = await attempt(loginOf(role), "SELECT count(*) FROM public.fn_iu_refused_writes(NULL, 0)");
      t.equal(state, role === "directus" ? "" : "42501", role);
    }
    t.equal(await attempt(url, "SELECT public.fn_iu_refused_write('{}')"), "42501", "its other half is for itself");
    t.equal(await attempt(url, "BEGIN READ ONLY; SELECT count(*) FROM public.fn_iu_refused_writes(NULL, 0)"), "");
  });

  await t.test("LIFE-7 where errors are kept out of the log, the detector says so", async (t) => {
    const { pathname } = new URL(superUrl);
    const set = (what: string) => ask(superUrl, `ALTER DATABASE ${pathname.slice(1)} ${what}`);
    for (const name of ["log_min_messages", "log_min_error_statement"]) {
      await set(`SET ${name} = panic`);
      t.equal(await attempt(url, "SELECT * FROM public.fn_iu_refused_writes(NULL, 0)"), "55000", name);
      await set(`RESET ${name}`);
      t.equal(await attempt(url, "SELECT * FROM public.fn_iu_refused_writes(NULL, 0)"), "", name);
    }
  });
});

t.test("LIFE-7 where the server keeps no such log, the detector says so", async (t) => {
  const target = await useUnits(t);
  await ask(target.superUrl, await planFile("fixtures/lifecycle-detector.sql"));
  t.equal(await attempt(target.url, "SELECT * FROM public.fn_iu_refused_writes(NULL, 0)"), "55000");
});
