import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { openLog, parseVerifierKey, readCheckpoint, verifyExport } from "../../src/evidence/index.ts";
import { parseCheckpoint } from "../../src/evidence/log/checkpoint.ts";
import { makeLogKeeper } from "../../src/evidence/log/keep.ts";
import { parseNote } from "../../src/evidence/log/note.ts";
import { seal } from "../../src/evidence/log/seal.ts";
import { logSigner } from "../../src/evidence/log/signer.ts";
import { lastWitnessed } from "../../src/evidence/log/witness-memory.ts";
import { fileWitnessOf } from "../../src/evidence/index.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { noticeRestore } from "../../src/recovery/index.ts";
import { recoverOn, restoreOf, type Trace } from "../recovery/scene.ts";
import { connect, examineLog, insertEvent, setLogScene } from "../support/log-scene.ts";
import { logKey, setStage, type Stage } from "../support/service.ts";
import { exportNow, sealAll } from "./retention-scene.ts";

t.setTimeout(280_000);

const [name = "", seed = ""] = logKey.split(/:(?=[^:]*$)/);
const signer = logSigner(name, Buffer.from(seed, "base64"));

async function write({ database }: Stage, events: number, thing: string): Promise<void> {
  for (let n = 1; n <= events; n += 1) await database.transact((tx) => tx.query(insertEvent, [thing, n]));
}

const headOf = ({ database }: Stage) => database.transact((tx) => readCheckpoint(tx), { readOnly: true });

/** The process that seals on that database, with the witness file; it is started anew. @returns what it found */
async function keep({ database }: Stage, file: string | undefined) {
  const errors: unknown[] = [];
  const keeper = makeLogKeeper({
    database,
    signer: await database.transact((tx) => openLog(tx, signer)),
    witnesses: file === undefined ? [] : [fileWitnessOf(file, signer)],
    witnessFile: file,
    onError: (error) => errors.push(error),
  });
  for (let round = 0; round < 4; round += 1) await keeper.keep(() => false);
  return { fault: keeper.fault?.code, errors };
}

async function* each(lines: readonly string[]) {
  yield* lines;
}

/** A log that was witnessed after a backup was taken, and what the backup gives. */
async function setRestored(t: Test, trace: Trace, later = 30) {
  const stage = await setStage(t);
  await stage.database.transact((tx) => noticeRestore(tx, serviceCaller("start"), "hold"));
  await stage.database.transact((tx) => openLog(tx, signer));
  await write(stage, 20, "before");
  await sealAll({ ...stage, signer });
  const file = path.join(t.testdir({}), "heads.txt");
  await keep(stage, file);
  const early = await headOf(stage);
  const restored = await restoreOf(t, stage, trace);
  const naive = await restoreOf(t, stage, "none");
  await write(stage, later, "lost");
  await sealAll({ ...stage, signer });
  t.same((await keep(stage, file)).errors, []);
  return { stage, restored, naive, file, early, late: await headOf(stage), old: await exportNow({ ...stage, signer }) };
}

t.test("AUDIT-2 GRANT-9 what a restored log would fork is not signed, and all else goes on", async (t) => {
  const { restored, naive, file, early, late } = await setRestored(t, "none");
  await write(naive, 40, "other");
  await sealAll({ ...naive, signer });
  const fork = await headOf(naive);
  t.ok(fork.size > late.size, "the control: a sealer that asks no witness signs another log under the same name");
  t.equal(fork.origin, late.origin);

  await write(restored, 40, "other");
  t.equal((await keep(restored, file)).fault, "WITNESS_CONTRADICTED");
  t.equal((await headOf(restored)).note, early.note, "nothing was signed");
  await write(restored, 1, "goes on");
  t.equal((await lastWitnessed(file, signer))?.size, late.size, "and the witness keeps what it has");
});

t.test("AUDIT-2 GRANT-9 a recovery sees the fork, and the log goes on under another name", async (t) => {
  const { restored, file, early, late, old } = await setRestored(t, "none");
  await write(restored, 40, "other");
  const recover = () => recoverOn(restored, {}, {}, { AUDIT_WITNESS_FILE: file });
  const { report } = await recover();
  t.match(report.log, {
    origin: `${name}/g2`,
    generation: 2,
    old: { origin: name, size: early.size, root: early.root },
    seen: [{ where: file, size: late.size, contradiction: `this log has ${early.size} leaves` }],
  });
  const again = await recover();
  t.ok(again.replayed);
  t.equal(again.report.log?.origin, `${name}/g2`, "once");

  t.same((await keep(restored, file)).errors, []);
  await sealAll({ ...restored, signer });
  t.same(await keep(restored, file), { fault: undefined, errors: [] });
  const head = await headOf(restored);
  t.equal(head.origin, `${name}/g2`);
  t.equal(parseCheckpoint(parseNote(head.note).text).origin, `${name}/g2`);
  t.match(await lastWitnessed(file, signer), { origin: `${name}/g2`, size: head.size }, "the witness goes along");
  t.ok(readFileSync(file, "utf8").includes(early.note), "and keeps the heads of the old name");

  const renamed = parseVerifierKey(report.log?.verifier_key ?? "");
  const before = await verifyExport(each(old), { keys: [signer.key], witnesses: [], earlier: [early.note] });
  t.ok(before.passed, "an export of the time that was lost is what it was");
  const lines = await exportNow({ ...restored, signer });
  t.ok(
    lines.some((line) => line.includes("audit_log.renamed") && line.includes(late.root)),
    "the log says what others had",
  );
  const keys = [signer.key, renamed];
  const after = await verifyExport(each(lines), { keys, witnesses: [], earlier: [early.note] });
  t.same(
    after.findings.filter(({ proved }) => !proved),
    [],
    "the log goes on from the head that the backup had",
  );
  const lost = await verifyExport(each(lines), { keys, witnesses: [], earlier: [late.note] });
  t.same(
    lost.findings.filter(({ proved }) => !proved).map(({ claim }) => claim),
    ["continuation"],
    "not from one that was lost",
  );
});

t.test("AUDIT-2 GRANT-9 nothing is sealed while a restored database awaits its recovery", async (t) => {
  const { restored, early } = await setRestored(t, "server");
  await restored.database.transact((tx) => noticeRestore(tx, serviceCaller("start"), "hold"));
  await write(restored, 5, "other");
  t.same(await keep(restored, undefined), { fault: undefined, errors: [] });
  t.equal((await headOf(restored)).note, early.note);
  const { report } = await recoverOn(restored, {});
  t.match(report.log, { origin: `${name}/g2`, seen: [] }, "a head may have been lost that nobody has at hand");
  await sealAll({ ...restored, signer });
  t.equal((await headOf(restored)).origin, `${name}/g2`);
});

t.test("AUDIT-2 GRANT-9 a kept head or an export at hand shows that something was lost", async (t) => {
  const { restored, late, old, early } = await setRestored(t, "server");
  const directory = t.testdir({});
  const [head, file, kept] = ["head.txt", "export.jsonl", "early.txt"].map((one) => path.join(directory, one)) as [
    string,
    string,
    string,
  ];
  writeFileSync(head, late.note);
  writeFileSync(file, `${old.join("\n")}\n`);
  writeFileSync(kept, early.note);
  for (const one of [head, file]) {
    await t.rejects(recoverOn(restored, {}, { nothingLost: true, heads: [one] }), { code: "SOMETHING_LOST" });
  }
  const { report } = await recoverOn(restored, {}, { nothingLost: true, heads: [kept] });
  t.equal(report.log, null, "where nothing was lost the log keeps its name");
  await sealAll({ ...restored, signer });
  t.equal((await headOf(restored)).origin, name);
});

t.test(
  "AUDIT-2 GRANT-9 a recovery that ended before it told the witness file is finished by the next one",
  async (t) => {
    const { restored, file, late } = await setRestored(t, "server");
    const { report } = await recoverOn(restored, {}, { heads: [file] }).catch(() => recoverOn(restored, {}));
    t.equal(report.log?.generation, 2);
    t.equal((await keep(restored, file)).fault, "WITNESS_CONTRADICTED", "the file still has the old name");
    t.equal((await lastWitnessed(file, signer))?.size, late.size);
    t.ok((await recoverOn(restored, {}, {}, { AUDIT_WITNESS_FILE: file })).replayed);
    await sealAll({ ...restored, signer });
    t.same(await keep(restored, file), { fault: undefined, errors: [] });
  },
);

t.test("AUDIT-2 the database gives the log another name only while a restore awaits its recovery", async (t) => {
  const { stage } = await setRestored(t, "server");
  for (const [text, constraint] of [
    ["UPDATE audit_log SET origin = 'other.example/log'", "log_grows"],
    ["UPDATE audit_log SET origin = 'other.example/log', generation = 2", "log_restored"],
  ] as const) {
    const refused = await stage.database.transact((tx) => tx.query(text)).catch((error: unknown) => error);
    t.match(refused, { code: "23001", constraint });
  }
});

t.test(
  "AUDIT-2 GRANT-9 a log that was loaded from a dump is sealed on, and no event that commits late is left out",
  async (t) => {
    const scene = await setLogScene(t);
    const admin = await connect(t, scene.names.superUrl);
    const late = await connect(t, scene.names.appUrl);
    const early = await connect(t, scene.names.appUrl);
    await early.query(insertEvent, ["old", 1]);
    await sealAll(scene);
    await early.query(insertEvent, ["old", 2]);
    await seal(scene.database, scene.signer, undefined);
    // As the dump has it: an id of a transaction that the new server will not come to for years.
    await admin.query("ALTER TABLE audit_log DISABLE TRIGGER guard_audit_log");
    await admin.query("UPDATE audit_log SET horizon_seq = horizon_seq + 1, horizon_xid = '9000000000000'");
    await admin.query("ALTER TABLE audit_log ENABLE ALWAYS TRIGGER guard_audit_log");
    await late.query("BEGIN");
    await late.query(insertEvent, ["late", 1]);
    await early.query(insertEvent, ["early", 1]);
    for (let round = 0; round < 3; round += 1) {
      t.equal((await seal(scene.database, scene.signer, undefined))?.added, 0, "a lower number is not committed yet");
    }
    await late.query("COMMIT");
    await sealAll(scene);
    t.equal((await examineLog(scene)).size, 4);
  },
);
