import t, { type Test } from "tap";
import { LogFault } from "../../src/evidence/log/faults.ts";
import { signedBy, parseNote } from "../../src/evidence/log/note.ts";
import { seal, type Seen } from "../../src/evidence/log/seal.ts";
import { latestCheckpoint, leafOf } from "../../src/evidence/log/store.ts";
import { connect, examineLog, insertEvent, type LogScene, otherKey, setLogScene } from "../support/log-scene.ts";
import { sealAll } from "./retention-scene.ts";

t.setTimeout(120_000);

/** The tree has every committed event once, in an order that agrees with each resource's own history. */
async function requireWhole(t: Test, scene: LogScene): Promise<void> {
  const log = await examineLog(scene);
  const { rows } = await scene.database.transact((tx) =>
    tx.query<{ seq: string }>("SELECT seq FROM audit_events ORDER BY seq"),
  );
  t.same(
    log.seqs,
    rows.map(({ seq }) => Number(seq)),
    "every event once, in the order of their numbers",
  );
  t.same(log.tilesRoot, log.root, "the tiles have the head's root");
  t.same(log.afresh, log.root, "so has a tree that is made of the events afresh");
  const versions = new Map<string, number>();
  for (const { resource_id, after } of log.events) {
    const { version } = after as { version: number };
    if (version !== (versions.get(resource_id) ?? 0) + 1) t.fail(`${resource_id} has its versions out of order`);
    versions.set(resource_id, version);
  }
}

t.test("AUDIT-2 events become leaves, and each head is signed", async (t) => {
  const scene = await setLogScene(t);
  const writer = await connect(t, scene.names.appUrl);
  await sealAll(scene);
  for (let n = 1; n <= 300; n += 1) await writer.query(insertEvent, ["a", n]);
  const seen = await sealAll(scene);
  await requireWhole(t, scene);
  t.equal((await examineLog(scene)).size, 300);
  const checkpoint = await scene.database.transact(latestCheckpoint);
  t.equal(checkpoint?.size, 300);
  t.equal(signedBy(parseNote(checkpoint?.note ?? ""), scene.signer.key), 0);
  t.equal(signedBy(parseNote(checkpoint?.note ?? ""), otherKey().key), undefined);
  for (let n = 301; n <= 700; n += 1) await writer.query(insertEvent, ["a", n]);
  await sealAll(scene, seen);
  await requireWhole(t, scene);
  const { seqs } = await examineLog(scene);
  for (const leaf of [0, 255, 256, 511, 512, 699]) {
    t.equal(await scene.database.transact((tx) => leafOf(tx, seqs[leaf] ?? 0)), leaf, `leaf ${leaf}`);
  }
});

t.test("AUDIT-2 what writes transitions can give an event neither number, time nor transaction", async (t) => {
  const { names } = await setLogScene(t);
  const writer = await connect(t, names.appUrl);
  for (const [column, value] of [
    ["seq", "7"],
    ["occurred_at", "'2026-01-01 00:00:00+00'"],
    ["transaction", "'7'"],
  ] as const) {
    const text = insertEvent.replace("(actor,", `(${column}, actor,`).replace("VALUES (", `VALUES (${value}, `);
    await t.rejects(writer.query(text, ["a", 1]), { code: "42501" }, column);
    const within = text.replace("INTO audit_events", "INTO audit_events_before_log");
    await t.rejects(writer.query(within, ["a", 1]), { code: "42501" }, `${column} of a month`);
  }
  await t.rejects(writer.query("SELECT setval('audit_events_seq', 1)"), { code: "42501" }, "nor set numbers back");
});

t.test("AUDIT-2 a transaction that commits late is neither skipped nor put in another place", async (t) => {
  const scene = await setLogScene(t);
  const [late, early, other] = [
    await connect(t, scene.names.appUrl),
    await connect(t, scene.names.appUrl),
    await connect(t, scene.names.appUrl),
  ];
  await late.query("BEGIN");
  await late.query(insertEvent, ["late", 1]);
  await early.query(insertEvent, ["early", 1]);
  const first = await seal(scene.database, scene.signer, undefined);
  const second = await seal(scene.database, scene.signer, first?.seen);
  t.same([first?.added, second?.added], [0, 0], "nothing is final while a lower number may still be committed");

  // The naive sealer takes what it sees.
  const { rows: visible } = await other.query<{ seq: string }>("SELECT seq FROM audit_events ORDER BY seq");
  await late.query("COMMIT");
  const { rows: all } = await other.query<{ seq: string }>("SELECT seq FROM audit_events ORDER BY seq");
  t.ok(Number(visible.at(-1)?.seq) > Number(all[0]?.seq), "the control: it has sealed past a number that came later");

  await sealAll(scene, second?.seen);
  await requireWhole(t, scene);
  t.equal((await examineLog(scene)).size, 2);
});

t.test("AUDIT-2 a rolled-back event leaves no leaf and holds nothing up", async (t) => {
  const scene = await setLogScene(t);
  const writer = await connect(t, scene.names.appUrl);
  await writer.query("BEGIN");
  await writer.query(insertEvent, ["gone", 1]);
  await writer.query("ROLLBACK");
  await writer.query(insertEvent, ["a", 1]);
  await sealAll(scene);
  await requireWhole(t, scene);
  t.equal((await examineLog(scene)).size, 1);
});

t.test("AUDIT-2 the numbers are drawn after the transaction id", async (t) => {
  const scene = await setLogScene(t);
  const owner = await connect(t, scene.names.ownerUrl);
  for (const text of [
    insertEvent.replace("$1", "'a'").replace("$2", "1"),
    "INSERT INTO audit_events (actor, action, resource_type, resource_id, request_id) SELECT 'a', 'a.b', 'r', 'r', 'q' FROM generate_series(1, 3) AS n ORDER BY n",
  ]) {
    const { rows } = await owner.query<{ "QUERY PLAN": string }>(`EXPLAIN VERBOSE ${text}`);
    const outputs = rows.map((row) => row["QUERY PLAN"]).filter((line) => line.includes("nextval"));
    t.ok(outputs.length > 0);
    for (const line of outputs) t.match(line, /Output: pg_current_xact_id\(\), nextval/);
  }
});

t.test("AUDIT-2 nothing is signed on top of a log that is not what was signed", async (t) => {
  const faults = {
    ROOT_CONTRADICTED: "UPDATE audit_tiles SET hashes = set_byte(hashes, 7, get_byte(hashes, 7) # 1)",
    TILES_MISSING: "DELETE FROM audit_tiles",
    HEAD_UNSIGNED: "UPDATE audit_checkpoints SET note = replace(note, '—', '— x')",
    LOG_SHRUNK: "UPDATE audit_log SET size = 3",
  };
  for (const [code, text] of Object.entries(faults)) {
    const scene = await setLogScene(t);
    const writer = await connect(t, scene.names.superUrl);
    for (let n = 1; n <= 5; n += 1) await writer.query(insertEvent, ["a", n]);
    const seen = await sealAll(scene);
    await writer.query("SET session_replication_role = replica");
    for (const table of ["audit_tiles", "audit_checkpoints", "audit_log"])
      await writer.query(`ALTER TABLE ${table} DISABLE TRIGGER ALL`);
    await writer.query(text);
    const before = await examineLog(scene).catch(() => undefined);
    await writer.query(insertEvent, ["a", 6]);
    for (const from of code === "LOG_SHRUNK" ? [seen] : [seen, undefined]) {
      const fault = await seal(scene.database, scene.signer, from).catch((error: unknown) => error);
      t.ok(fault instanceof LogFault, `${code} is noticed`);
      if (!(from !== undefined && code === "ROOT_CONTRADICTED")) t.equal((fault as LogFault).code, code);
    }
    t.equal((await examineLog(scene).catch(() => undefined))?.size, before?.size, "nothing was added");
  }
});

t.test("AUDIT-2 the database lets the log only grow", async (t) => {
  const scene = await setLogScene(t);
  const owner = await connect(t, scene.names.ownerUrl);
  for (let n = 1; n <= 5; n += 1) await owner.query(insertEvent, ["a", n]);
  await sealAll(scene);
  for (const text of [
    "UPDATE audit_log SET size = 4",
    "UPDATE audit_log SET root = sha256('x')",
    "DELETE FROM audit_log",
    "UPDATE audit_tiles SET hashes = substring(hashes FROM 1 FOR 32)",
    "UPDATE audit_tiles SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1)",
    "DELETE FROM audit_tiles",
    "UPDATE audit_bundles SET seqs = ARRAY[1]",
    "TRUNCATE audit_bundles",
    "UPDATE audit_checkpoints SET note = 'x'",
    "DELETE FROM audit_checkpoints",
    "UPDATE audit_events SET actor = 'x'",
    "DELETE FROM audit_events",
    "TRUNCATE audit_events",
    "TRUNCATE audit_events_before_log",
  ]) {
    await t.rejects(owner.query(text), { code: "23001" }, text);
  }
});

for (const seed of [1, 2]) {
  t.test(
    `AUDIT-2 fifty writers and three sealers whose connections are killed: no event is skipped, doubled or moved (seed ${seed})`,
    async (t) => {
      const scene = await setLogScene(t);
      const admin = await connect(t, scene.names.superUrl);
      await admin.query(
        "CREATE TABLE things (id text PRIMARY KEY, version int NOT NULL); GRANT ALL ON things TO countersign_app",
      );
      await admin.query("INSERT INTO things SELECT 't' || n, 0 FROM generate_series(1, 10) AS n");
      const writers = await Promise.all(Array.from({ length: 50 }, () => connect(t, scene.names.appUrl)));
      const work = { writing: true };
      const rounds = 12;
      const write = async (client: (typeof writers)[number], number: number): Promise<void> => {
        for (let round = 0; round < rounds; round += 1) {
          const thing = `t${((number * 7 + round * seed) % 10) + 1}`;
          await client.query("BEGIN");
          // Some draw a number late, some early; some take their transaction id long before they touch the thing.
          if ((number + round) % 3 === 0) await client.query("SELECT pg_current_xact_id()");
          const { rows } = await client.query<{ version: number }>(
            "UPDATE things SET version = version + 1 WHERE id = $1 RETURNING version",
            [thing],
          );
          await client.query(insertEvent, [thing, rows[0]?.version]);
          await client.query((number + round) % 11 === 0 ? "ROLLBACK" : "COMMIT");
        }
      };
      let kills = 0;
      const killer = async (): Promise<void> => {
        while (work.writing) {
          const { rowCount } = await admin.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'countersign' ORDER BY random() LIMIT 1",
          );
          kills += rowCount ?? 0;
          // not a sleep: the pace of the kills
          await admin.query("SELECT pg_sleep(0.02)");
        }
      };
      const sealer = async (): Promise<void> => {
        let seen: Seen | undefined;
        while (work.writing)
          seen = (await seal(scene.database, scene.signer, seen).catch(() => undefined))?.seen ?? seen;
      };
      const others = [killer(), sealer(), sealer(), sealer()];
      await Promise.all(writers.map(write)).finally(() => (work.writing = false));
      await Promise.all(others);
      await sealAll(scene);
      await requireWhole(t, scene);
      t.ok(kills > 10, `${kills} connections were killed`);
    },
  );
}
