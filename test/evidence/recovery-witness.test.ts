import { appendFileSync, writeFileSync } from "node:fs";
import t, { type Test } from "tap";
import {
  httpWitness,
  logSigner,
  openLog,
  parseVerifierKey,
  readCheckpoint,
  verifierKey,
} from "../../src/evidence/index.ts";
import { makeLogKeeper } from "../../src/evidence/log/keep.ts";
import { lastWitnessed } from "../../src/evidence/log/witness-memory.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { noticeRestore } from "../../src/recovery/index.ts";
import { recoverOn, restoreOf } from "../recovery/scene.ts";
import { insertEvent } from "../support/log-scene.ts";
import { startWitness, type WitnessServer } from "../support/log-witness.ts";
import { logKey, setStage, type Stage } from "../support/service.ts";
import { sealAll } from "./retention-scene.ts";

t.setTimeout(280_000);

const [name = "", seed = ""] = logKey.split(/:(?=[^:]*$)/);
const signer = logSigner(name, Buffer.from(seed, "base64"));

async function write({ database }: Stage, events: number): Promise<void> {
  for (let n = 1; n <= events; n += 1) await database.transact((tx) => tx.query(insertEvent, ["thing", n]));
}

const sizeOf = async ({ database }: Stage) => (await database.transact((tx) => readCheckpoint(tx))).size;

/** A process that seals on that database and shows the head to that witness. @returns what it met */
async function keep({ database }: Stage, { url, key }: WitnessServer) {
  const errors: unknown[] = [];
  const keeper = makeLogKeeper({
    database,
    signer,
    witnesses: [httpWitness({ url, key, timeoutMs: 10_000 })],
    onError: (error) => errors.push(error),
  });
  await keeper.keep(() => false);
  return { fault: keeper.fault?.code, errors };
}

/** A log that a witness has seen more of than the backup has. */
async function setWitnessed(t: Test) {
  const stage = await setStage(t);
  await stage.database.transact((tx) => noticeRestore(tx, serviceCaller("start"), "hold"));
  await stage.database.transact((tx) => openLog(tx, signer));
  await write(stage, 20);
  await sealAll({ ...stage, signer });
  const early = await sizeOf(stage);
  const [restored, again] = [await restoreOf(t, stage, "server"), await restoreOf(t, stage, "server")];
  await write(stage, 30);
  await sealAll({ ...stage, signer });
  const witness = await startWitness(t, signer.key);
  t.same(await keep(stage, witness), { fault: undefined, errors: [] });
  t.equal(witness.size, await sizeOf(stage));
  return { restored, again, witness, early };
}

const asked = ({ key, url }: WitnessServer) => ({ AUDIT_WITNESSES: JSON.stringify({ [verifierKey(key)]: url }) });

t.test("AUDIT-2 a witness file whose end says nothing is not taken for an empty one", async (t) => {
  const file = `${t.testdir({})}/heads.txt`;
  const head = await openedHead(t);
  writeFileSync(file, `${head}\n`);
  t.equal(String((await lastWitnessed(file, signer))?.size), head.split("\n")[1]);
  appendFileSync(file, "x".repeat(20_000));
  await t.rejects(lastWitnessed(file, signer), { code: "WITNESS_CONTRADICTED" });
  writeFileSync(file, head.slice(0, 20));
  t.equal(await lastWitnessed(file, signer), undefined, "a first head that was cut off is none");
});

/** A signed head. */
async function openedHead(t: Test): Promise<string> {
  const stage = await setStage(t);
  await stage.database.transact((tx) => openLog(tx, signer));
  await write(stage, 20);
  await sealAll({ ...stage, signer });
  return (await stage.database.transact((tx) => readCheckpoint(tx))).note;
}

t.test("AUDIT-2 GRANT-9 a recovery asks an HTTP witness, which has seen what was lost", async (t) => {
  const { restored, witness, early } = await setWitnessed(t);
  await t.rejects(recoverOn(restored, {}, { nothingLost: true }, asked(witness)), { code: "SOMETHING_LOST" });
  const { report } = await recoverOn(restored, {}, {}, asked(witness));
  t.match(report.log, { origin: `${name}/g2`, old: { size: early } });
  t.match(report.log?.seen, [
    { where: witness.key.name, contradiction: new RegExp(`it has seen ${witness.size} leaves, the log has ${early}`) },
  ]);
  t.ok(witness.size > early, "it keeps what it has seen");

  await sealAll({ ...restored, signer });
  const silent = await keep(restored, witness);
  t.equal(silent.fault, undefined, "under the other name it contradicts nothing");
  t.match(silent.errors, [{ message: /answers 404/ }], "and signs nothing until its operator has the new key");
  const told = await startWitness(t, parseVerifierKey(report.log?.verifier_key ?? ""));
  t.same(await keep(restored, told), { fault: undefined, errors: [] });
  t.equal(told.size, await sizeOf(restored));
});

t.test(
  "AUDIT-2 GRANT-9 a witness that does not answer stops no recovery, and is not taken for one that agrees",
  async (t) => {
    const { restored, witness } = await setWitnessed(t);
    witness.misbehave = (response) => {
      response.writeHead(503).end();
      return true;
    };
    const { report } = await recoverOn(restored, {}, {}, asked(witness));
    t.match(report.log, { origin: `${name}/g2`, seen: [] });
  },
);

t.test(
  "AUDIT-2 GRANT-9 a database that is restored once more from before gets a name that was not given yet",
  async (t) => {
    const { restored, again, witness } = await setWitnessed(t);
    const file = `${t.testdir({})}/heads.txt`;
    await recoverOn(restored, {}, {}, asked(witness));
    await sealAll({ ...restored, signer });
    writeFileSync(file, (await restored.database.transact((tx) => readCheckpoint(tx))).note);
    const { report } = await recoverOn(again, {}, { heads: [file] });
    t.match(report.log, { origin: `${name}/g3`, generation: 3, seen: [{ where: file, origin: `${name}/g2` }] });
    await sealAll({ ...again, signer });
    t.equal((await again.database.transact((tx) => readCheckpoint(tx))).origin, `${name}/g3`);
  },
);
