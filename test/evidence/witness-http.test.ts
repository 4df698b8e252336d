import { setTimeout as pause } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import t, { type Test } from "tap";
import type { LogFault } from "../../src/evidence/log/faults.ts";
import { cosignedHead, cosignersOf } from "../../src/evidence/log/cosigned.ts";
import { makeLogKeeper } from "../../src/evidence/log/keep.ts";
import { parseNote, signedBy, verifierKey } from "../../src/evidence/log/note.ts";
import { proveConsistency } from "../../src/evidence/log/proofs.ts";
import { latestCheckpoint } from "../../src/evidence/log/store.ts";
import { fileWitness, httpWitness, type Witness } from "../../src/evidence/log/witness.ts";
import { makeLogWatch } from "../../src/log-watch.ts";
import { startSealer } from "../../src/sealer.ts";
import { connect, insertEvent, type LogScene, otherKey, setLogScene } from "../support/log-scene.ts";
import { startWitness, type WitnessServer, witnessTime } from "../support/log-witness.ts";

t.setTimeout(180_000);

const head = (scene: LogScene) => scene.database.transact(latestCheckpoint);

/** Writes events and seals them, without showing the head to anybody. */
async function grow(t: Test, scene: LogScene, events: number): Promise<void> {
  const writer = await connect(t, scene.names.appUrl);
  for (let n = 0; n < events; n += 1) await writer.query(insertEvent, ["a", n]);
  const keeper = makeLogKeeper({ ...scene, witnesses: [], onError: (error) => t.fail(String(error)) });
  const before = (await head(scene))?.size ?? 0;
  while (((await head(scene))?.size ?? 0) < before + events) await keeper.seal(() => false);
}

/** Shows the latest head to the witness, as a process does. */
async function show(scene: LogScene, witness: Witness): Promise<{ error: unknown; fault: LogFault | undefined }> {
  let error: unknown;
  const keeper = makeLogKeeper({ ...scene, witnesses: [witness], onError: (one) => (error = one) });
  await keeper.show(witness);
  return { error, fault: keeper.fault };
}

const fine = { error: undefined, fault: undefined };
const witnessAt = (server: WitnessServer, timeoutMs = 10_000): Witness => httpWitness({ ...server, timeoutMs });

t.test("AUDIT-2 a witness that remembers another size says so, and gets the proof from there", async (t) => {
  const scene = await setLogScene(t);
  const server = await startWitness(t, scene.signer.key);
  const [one, other] = [witnessAt(server), witnessAt(server)];
  await grow(t, scene, 7);
  t.same(await show(scene, one), fine);
  await grow(t, scene, 260);
  t.same(await show(scene, other), fine, "a process that does not know what it remembers");
  t.same(server.answers, [200, 409, 200]);
  await grow(t, scene, 3);
  t.same(await show(scene, one), fine, "a process that knows less than it remembers");
  t.same(server.answers.slice(3), [409, 200]);
  server.forget();
  await grow(t, scene, 1);
  t.same(await show(scene, one), fine, "a witness that has forgotten everything");
  t.same(server.answers.slice(5), [409, 200]);
  t.equal(server.size, 271);
  t.equal(signedBy(parseNote((await head(scene))?.note ?? ""), server.key), witnessTime);
});

t.test("AUDIT-2 what is answered in place of a signature leaves the head without one", async (t) => {
  const scene = await setLogScene(t);
  await grow(t, scene, 5);
  const server = await startWitness(t, scene.signer.key);
  const note = (await head(scene))?.note ?? "";
  const { text } = parseNote(note);
  const stranger = await startWitness(t, scene.signer.key);
  const answers: Record<string, { status: number; body: string; type?: string; fault?: boolean }> = {
    "it does not know the log": { status: 404, body: "" },
    "it does not trust the key": { status: 403, body: "" },
    "it is too busy": { status: 503, body: "later" },
    "nothing at all": { status: 200, body: "" },
    "a signature of another text": { status: 200, body: server.sign(text.replace("\n5\n", "\n6\n")) },
    "a signature by another key of its name": { status: 200, body: stranger.sign(text) },
    "a time that it leaves out": { status: 200, body: server.sign(text, 0) },
    "one true signature and one false": {
      status: 200,
      body: server.sign(text) + server.sign(text.replace("\n5\n", "\n6\n")),
    },
    "a size that is none": { status: 409, body: "five\n", type: "text/x.tlog.size" },
    "a size without its type": { status: 409, body: "0\n" },
    "the proof is wrong": { status: 422, body: "", fault: true },
    "a size that was never reached": { status: 409, body: "6\n", type: "text/x.tlog.size", fault: true },
  };
  for (const [name, { status, body, type, fault }] of Object.entries(answers)) {
    server.misbehave = (response) => {
      response.writeHead(status, type === undefined ? {} : { "content-type": type }).end(body);
      return true;
    };
    const outcome = await show(scene, witnessAt(server));
    t.ok(outcome.error, `${name} is told`);
    t.equal(outcome.fault?.code, fault === true ? "WITNESS_CONTRADICTED" : undefined, name);
    t.equal((await head(scene))?.note, note, `${name}: nothing was added`);
  }
  server.misbehave = (response) => {
    response.writeHead(200).end(stranger.sign(text) + server.sign(text) + server.sign(text, witnessTime + 9));
    return true;
  };
  t.same(await show(scene, witnessAt(server)), fine, "lines of other keys are passed over");
  t.equal(signedBy(parseNote((await head(scene))?.note ?? ""), server.key), witnessTime);
  t.equal(parseNote((await head(scene))?.note ?? "").signatures.length, 2, "the log's and one of the witness");
});

t.test("AUDIT-2 a witness that is asked by several processes at once counts once", async (t) => {
  const scene = await setLogScene(t);
  const server = await startWitness(t, scene.signer.key);
  await grow(t, scene, 5);
  let seconds = witnessTime;
  server.misbehave = (response, note) => {
    response.writeHead(200).end(server.sign(parseNote(note).text, (seconds += 1)));
    return true;
  };
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => show(scene, witnessAt(server))));
  for (const outcome of outcomes) t.same(outcome, fine);
  t.equal((await scene.database.transact((tx) => cosignedHead(tx, { required: 1, keys: [server.key] })))?.size, 5);
  t.equal(
    await scene.database.transact((tx) =>
      cosignedHead(tx, { required: 2, keys: [server.key, otherKey("second.example/w").key] }),
    ),
    undefined,
    "not for two witnesses",
  );
});

t.test("AUDIT-2 a witness that answers without end, bit by bit, or not at all is left after its time", async (t) => {
  const scene = await setLogScene(t);
  await grow(t, scene, 5);
  const server = await startWitness(t, scene.signer.key);
  let sent = 0;
  server.misbehave = (response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && sent < 2 ** 30) {
        sent += 65_536;
        if (!response.write("y".repeat(65_536))) return void response.once("drain", more);
      }
      response.end();
    };
    more();
    return true;
  };
  t.match((await show(scene, witnessAt(server))).error, { message: /more than 16 KiB/ });
  t.ok(sent < 2 ** 26, `a gigabyte is not taken in: ${sent} bytes were sent`);

  let drips = 0;
  server.misbehave = (response) => {
    response.writeHead(200);
    // not a sleep: a server that sends a byte now and then, for ever.
    const timer = setInterval(() => response.write((drips += 1) % 2 === 0 ? "-" : "="), 20);
    response.once("close", () => clearInterval(timer));
    return true;
  };
  t.match((await show(scene, witnessAt(server, 500))).error, { name: "TimeoutError" });
  t.ok(drips > 0, "it was answering");

  let told = 0;
  server.misbehave = (response) => {
    told += 1;
    if (told > 1) return true;
    response.writeHead(409, { "content-type": "text/x.tlog.size" }).end("0\n");
    return true;
  };
  t.match((await show(scene, witnessAt(server, 500))).error, { name: "TimeoutError" }, "one time for both questions");
  t.equal(told, 2);
});

t.test("AUDIT-2 a hanging witness keeps neither the log nor another witness", async (t) => {
  const scene = await setLogScene(t);
  const writer = await connect(t, scene.names.appUrl);
  const [hanging, good] = [
    await startWitness(t, scene.signer.key, "hanging.example/w"),
    await startWitness(t, scene.signer.key, "good.example/w"),
  ];
  let held = 0;
  hanging.misbehave = (response) => {
    held += 1;
    response.once("close", () => (held -= 1));
    return true;
  };
  const log = { warn: () => undefined, error: () => undefined } as unknown as FastifyBaseLogger;
  const witnesses = [hanging, good].map(({ key, url }) => ({ vkey: verifierKey(key), url }));
  const sealer = startSealer({
    config: { sealIntervalMs: 10, witnessFile: undefined, witnesses },
    database: scene.database,
    signer: scene.signer,
    watch: makeLogWatch(
      cosignersOf(
        1,
        witnesses.map(({ vkey }) => vkey),
      ),
    ),
    log,
  });
  // It waits for what is under way.
  t.teardown(() => sealer.stop());
  const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await condition())) await pause(5); // not a sleep: the sealer has clocks
  };
  await writer.query(insertEvent, ["a", 1]);
  await until(() => held > 0);
  for (let n = 2; n <= 6; n += 1) {
    await writer.query(insertEvent, ["a", n]);
    await until(() => good.size >= n);
  }
  t.equal(held, 1, "the hanging witness still has its first question");
  t.equal(hanging.answers.length, 1);
  t.ok(((await head(scene))?.size ?? 0) >= 6);
  hanging.misbehave = undefined;

  // The control: one clock for all waits for the one that hangs.
  let over = false;
  const naive = makeLogKeeper({ ...scene, witnesses: [witnessAt(slow(hanging), 3_000)], onError: () => undefined });
  const round = naive.keep(() => false).finally(() => (over = true));
  await until(() => hanging.answers.length > 1 || over);
  t.notOk(over, "a round that also shows the head is not over while a witness hangs");
  await round;
});

/** The same server, which from now on does not answer. */
function slow(server: WitnessServer): WitnessServer {
  server.misbehave = () => true;
  return server;
}

t.test("AUDIT-2 two processes that show their heads to one witness in any order find no tampering", async (t) => {
  const scene = await setLogScene(t);
  const server = await startWitness(t, scene.signer.key);
  const file = `${t.testdir()}/heads.txt`;
  for (const make of [() => witnessAt(server), () => fileWitness(file, scene.signer.key)]) {
    await grow(t, scene, 5);
    const inner = make();
    // While this process is on its way with its head, another one seals more and is there first.
    const overtaken: Witness = {
      name: inner.name,
      async show(note, prove) {
        await grow(t, scene, 3);
        t.same(await show(scene, make()), fine);
        return inner.show(note, prove);
      },
    };
    t.same(await show(scene, overtaken), fine, "the head was overtaken");
    t.same(await show(scene, inner), fine, "the next one is taken");

    // The control: without a second look it would be an accusation.
    const old = (await head(scene))?.note ?? "";
    const { size } = (await head(scene)) ?? { size: 0 };
    await grow(t, scene, 2);
    t.same(await show(scene, make()), fine);
    const naive = make().show(old, (first) => scene.database.transact((tx) => proveConsistency(tx, first, size)));
    await t.rejects(naive, { code: "WITNESS_CONTRADICTED" });
  }
});

t.test("AUDIT-2 a log that has become shorter than what a witness has seen is accused, however often", async (t) => {
  const scene = await setLogScene(t);
  await grow(t, scene, 5);
  const server = await startWitness(t, scene.signer.key);
  const witness = witnessAt(server);
  t.same(await show(scene, witness), fine);
  server.pretend(9);
  await grow(t, scene, 2);
  for (let round = 0; round < 3; round += 1) {
    t.equal((await show(scene, witness)).fault?.code, "WITNESS_CONTRADICTED");
  }
  const stranger = { ...scene, signer: { ...otherKey() } };
  await grow(t, scene, 3);
  t.ok((await show(stranger, witness)).error, "and another key convinces nobody");
});
