import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import { logFindings, type LogSighting } from "../../src/doctor/log/findings.ts";
import { LogFault, logSigner, openLog, type Witness } from "../../src/evidence/index.ts";
import { makeLogWatch } from "../../src/log-watch.ts";
import { expectStatus } from "../support/flow.ts";
import { formatNote, signNote } from "../../src/evidence/log/note.ts";
import { connect, otherKey } from "../support/log-scene.ts";
import { type InProcess, type Owner, setStage, spawnService, type Stage, startService } from "../support/service.ts";

t.setTimeout(120_000);

interface Finding {
  readonly code: string;
  readonly severity: string;
  readonly subject: string;
  readonly detail: string;
}

const codes = ["LOG_", "WITNESS_", "COSIGNATURES_", "AUDIT_PARTITIONS_"];

async function findings(service: InProcess): Promise<Finding[]> {
  const { body } = await expectStatus(service.call("GET", "/v1/doctor", { as: "operator" }), 200);
  return (body["findings"] as unknown as Finding[]).filter(({ code }) => codes.some((start) => code.startsWith(start)));
}

/** The values of the gauge, by what is in its braces. */
async function gauges(service: InProcess, name: string): Promise<Record<string, number>> {
  const { text } = await expectStatus(service.call("GET", "/metrics"), 200);
  const lines = text.matchAll(new RegExp(`^countersign_log_${name}(?:\\{(.*)\\})? (\\S+)$`, "gm"));
  return Object.fromEntries([...lines].map(([, labels = "", value]) => [labels, Number(value)]));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  // not a sleep: the sealer works by its own clock, and the gauges are remembered for two seconds.
  while (!(await condition())) await pause(50);
}

/** An event that was written two minutes ago. */
const oldEvent = `INSERT INTO audit_events (occurred_at, actor, action, resource_type, resource_id, request_id)
  VALUES (clock_timestamp() - interval '2 minutes', 'writer', 'thing.changed', 'thing', 'one', 'r')`;

interface Sealing {
  readonly sealIntervalMs: number;
  readonly witnessFile?: string;
}

/** Starts services that keep one log. */
async function logged(t: Owner, stage: Stage): Promise<(config: Sealing) => Promise<InProcess>> {
  const key = logSigner("log.example/doctor", randomBytes(32));
  const signer = await stage.database.transact((tx) => openLog(tx, key));
  return (config) => startService(t, { stage, logSigner: signer, targets: {}, config });
}

const isSealed = async (service: InProcess): Promise<boolean> =>
  (await gauges(service, "unsealed_events"))[""] === 0 && ((await gauges(service, "size"))[""] ?? 0) > 0;

t.test("OPEN-6 a log that nobody seals is found, with its age; one that is sealed and witnessed is not", async (t) => {
  const stage = await setStage(t);
  const start = await logged(t, stage);
  const before = await start({ sealIntervalMs: 20 });
  await until(() => isSealed(before));
  await before.app.close();

  const service = await start({ sealIntervalMs: 0 });
  t.match(await findings(service), [{ code: "LOG_NOT_WITNESSED", severity: "info" }]);
  await (await connect(t, stage.names.superUrl)).query(oldEvent);
  t.match(await findings(service), [{ code: "LOG_BEHIND", severity: "warning" }, { code: "LOG_NOT_WITNESSED" }]);
  await until(async () => ((await gauges(service, "unsealed_seconds"))[""] ?? 0) >= 120);
  t.ok(((await gauges(service, "unsealed_events"))[""] ?? 0) > 0);

  const witnessFile = `${t.testdir()}/heads.txt`;
  const witnessed = await start({ sealIntervalMs: 20, witnessFile });
  await until(async () => (await findings(witnessed)).length === 0);
  await until(() => isSealed(witnessed));
  t.same(await gauges(witnessed, "unsealed_seconds"), { "": 0 });
  t.same(await gauges(witnessed, "witness_lag_seconds"), { [`witness="${witnessFile}"`]: 0 });
  t.ok(Object.values(await gauges(witnessed, "faults")).every((value) => value === 0));
});

t.test("AUDIT-2 a log that was changed behind the service is found, and stays found when it is put back", async (t) => {
  const stage = await setStage(t);
  const start = await logged(t, stage);
  const service = await start({ sealIntervalMs: 20 });
  await until(() => isSealed(service));
  const { "": size = 0 } = await gauges(service, "size");
  const admin = await connect(t, stage.names.superUrl);
  await admin.query("SET session_replication_role = replica");
  await admin.query("ALTER TABLE audit_log DISABLE TRIGGER ALL");
  const { rows } = await admin.query<{ root: Buffer }>("SELECT root FROM audit_log");
  await admin.query("UPDATE audit_log SET root = sha256('another')");
  const faults = async (): Promise<Finding[]> => (await findings(service)).filter(({ code }) => code === "LOG_FAULT");
  await until(async () => (await faults()).length > 0);
  const [{ subject } = { subject: "none" }] = await faults();
  t.match(await faults(), [{ severity: "error", detail: /Seen first at \d{4}-/ }]);
  t.equal((await gauges(service, "faults"))[`code="${subject}"`], 1);
  await admin.query("UPDATE audit_log SET root = $1", [rows[0]?.root]);
  await (await connect(t, stage.names.superUrl)).query(oldEvent);
  await until(async () => (await gauges(service, "size"))[""] === size + 1);
  t.match(await faults(), [{ subject }], "it is sealed again, and still said");
});

t.test("OPEN-6 a witness that does not take the head, and cosignatures that do not come, are found", async (t) => {
  const stage = await setStage(t);
  const look = (sighting: Partial<LogSighting>) =>
    stage.database.transact((tx) =>
      logFindings(tx, {
        faults: [],
        witnesses: [{ name: "witness.example/w1", lagSeconds: 0 }],
        cosigners: { required: 0, keys: [] },
        ...sighting,
      }),
    );
  t.same(await look({}), []);
  t.same(await look({ witnesses: [{ name: "w", lagSeconds: 59 }] }), [], "a minute is given");
  t.match(await look({ witnesses: [{ name: "w", lagSeconds: 61 }] }), [{ code: "WITNESS_SILENT", subject: "w" }]);

  const [one, two] = [otherKey("one.example/w"), otherKey("two.example/w")];
  const asked = (required: number) => ({ cosigners: { required, keys: [one.key, two.key] } });
  const admin = await connect(t, stage.names.superUrl);
  await admin.query("INSERT INTO audit_log (origin, root) VALUES ('log.example', sha256('')) ON CONFLICT DO NOTHING");
  // Heads of a log without events, which only somebody without guards can make.
  for (const table of ["audit_log", "audit_checkpoints"])
    await admin.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  const head = async (size: number, ...by: (typeof one)[]): Promise<void> => {
    const text = `log.example\n${size}\n${Buffer.alloc(32).toString("base64")}\n`;
    const signatures = [otherKey("log.example"), ...by].map(({ key, privateKey }) => signNote(text, key, privateKey));
    await admin.query("UPDATE audit_log SET size = $1", [size]);
    await admin.query(
      `INSERT INTO audit_checkpoints (size, root, note, signed_at)
       VALUES ($1, sha256(''), $2, clock_timestamp() - interval '2 minutes')`,
      [size, formatNote({ text, signatures })],
    );
  };
  t.same(await look(asked(1)), [], "there is no head yet");
  await head(1, two);
  t.same(await look(asked(1)), [], "the log and one witness have signed it");
  t.match(await look(asked(2)), [{ code: "COSIGNATURES_MISSING", severity: "warning" }]);
  await head(2);
  t.match(await look(asked(1)), [{ code: "COSIGNATURES_MISSING", detail: /1 witnesses have signed 1 of/ }]);
  t.same(await look(asked(0)), [], "none is asked for");
});

t.test("OPEN-6 a witness lags from the first head that it does not take until it takes one", async (t) => {
  const watch = makeLogWatch({ required: 0, keys: [] });
  let answers = true;
  const witness: Witness = {
    name: "w",
    show: () => (answers ? Promise.resolve([]) : Promise.reject(new Error("no answer"))),
  };
  const watched = watch.watched(witness);
  const show = () => watched.show("note", () => Promise.resolve([]));
  const lag = (): number => watch.sighting().witnesses[0]?.lagSeconds ?? -1;
  t.equal(lag(), 0);
  await show();
  t.equal(lag(), 0);
  answers = false;
  await t.rejects(show(), /no answer/);
  const first = lag();
  t.ok(first > 0);
  await t.rejects(show(), /no answer/);
  t.ok(lag() > first, "counted from the first");
  answers = true;
  await show();
  t.equal(lag(), 0);

  watch.noticed(new LogFault("LOG_SHRUNK", "The log had 2 leaves and has 1."));
  watch.noticed(new LogFault("LOG_SHRUNK", "The log had 3 leaves and has 1."));
  t.match(watch.sighting().faults, [{ code: "LOG_SHRUNK", detail: /had 2 leaves/ }], "the first of a kind");
});

t.test("AUDIT-2 months that have no partition yet are found, and made by the next start", async (t) => {
  const service = await startService(t, { targets: {} });
  const { stage } = service;
  const admin = await connect(t, stage.names.superUrl);
  const months = `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relname ~ '^audit_events_\\d{4}_\\d{2}$'`;
  const { rows } = await admin.query<{ name: string }>(months);
  for (const { name } of rows) await admin.query(`DROP TABLE ${name}`);
  t.match((await findings(service))[0], { code: "AUDIT_PARTITIONS_END", severity: "error" });
  await spawnService(t, stage, { SEAL_INTERVAL_MS: "0" });
  t.match(await findings(service), [{ code: "LOG_NOT_WITNESSED" }]);
  t.same((await admin.query(months)).rows.length, rows.length);
});
