import { readFileSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import path from "node:path";
import t, { type Test } from "tap";
import { cosignedHead } from "../../src/evidence/log/cosigned.ts";
import { LogFault } from "../../src/evidence/log/faults.ts";
import { makeLogKeeper } from "../../src/evidence/log/keep.ts";
import { cosign, formatSignature, parseNote, signedBy, signNote } from "../../src/evidence/log/note.ts";
import { addCosignature, latestCheckpoint } from "../../src/evidence/log/store.ts";
import { fileWitness, httpWitness, type Witness } from "../../src/evidence/log/witness.ts";
import { connect, insertEvent, type LogScene, otherKey, setLogScene } from "../support/log-scene.ts";
import { startWitness } from "../support/log-witness.ts";

t.setTimeout(60_000);

interface Outcome {
  readonly errors: readonly unknown[];
  readonly fault: LogFault | undefined;
}

/** Writes events, and keeps the log until they are in it and shown. */
async function keepLog(t: Test, scene: LogScene, witness: Witness, events: number): Promise<Outcome> {
  const writer = await connect(t, scene.names.appUrl);
  for (let n = 0; n < events; n += 1) await writer.query(insertEvent, ["a", n]);
  const errors: unknown[] = [];
  const keeper = makeLogKeeper({ ...scene, witnesses: [witness], onError: (error) => errors.push(error) });
  const { rows } = await writer.query<{ count: number }>("SELECT count(*)::int AS count FROM audit_events");
  const sealed = async () => (await scene.database.transact(latestCheckpoint))?.size === rows[0]?.count;
  // What else goes on in the database server may keep the last events waiting.
  while (!(await sealed()) && !(keeper.fault instanceof LogFault)) await keeper.keep(() => false);
  await keeper.keep(() => false);
  return { errors, fault: keeper.fault };
}

t.test("AUDIT-2 a witness signs each head that continues the one before", async (t) => {
  const scene = await setLogScene(t);
  const outside = await startWitness(t, scene.signer.key);
  const witness = httpWitness({ ...outside, timeoutMs: 5_000 });
  t.equal(
    await scene.database.transact((tx) => cosignedHead(tx, { required: 1, keys: [outside.key] })),
    undefined,
    "nobody has signed yet",
  );
  t.same(await keepLog(t, scene, witness, 5), { errors: [], fault: undefined });
  t.same(await keepLog(t, scene, witness, 300), { errors: [], fault: undefined });
  const head = await scene.database.transact((tx) => cosignedHead(tx, { required: 1, keys: [outside.key] }));
  t.equal(head?.size, 305);
  t.equal(signedBy(parseNote(head?.note ?? ""), outside.key), 1_800_000_000);
  t.equal(
    await scene.database.transact((tx) =>
      cosignedHead(tx, { required: 2, keys: [outside.key, otherKey("second.example/w").key] }),
    ),
    undefined,
    "nor has a second one",
  );
  t.ok(
    outside.answers.every((status) => status === 200),
    "it was never told what it knew",
  );

  const newcomer = httpWitness({ ...outside, timeoutMs: 5_000 });
  t.same(
    await keepLog(t, scene, newcomer, 4),
    { errors: [], fault: undefined },
    "a process that does not know what the witness knows asks",
  );
});

t.test("AUDIT-2 a witness that knows another log, or a longer one, is a sign of tampering", async (t) => {
  for (const size of [3, 900]) {
    const scene = await setLogScene(t);
    const outside = await startWitness(t, scene.signer.key);
    outside.pretend(size);
    const { fault } = await keepLog(t, scene, httpWitness({ ...outside, timeoutMs: 5_000 }), 5);
    t.equal(fault?.code, "WITNESS_CONTRADICTED", `it has seen ${size}`);
  }
});

t.test("AUDIT-2 a witness that fails keeps nobody, and is believed nothing", async (t) => {
  const manners: Record<string, (response: ServerResponse) => boolean> = {
    "an error": (response) => (response.writeHead(500).end("x".repeat(100)), true),
    "another key": (response) => (
      response.writeHead(200).end(`— witness.example/w ${Buffer.alloc(76).toString("base64")}\n`), true
    ),
    nonsense: (response) => (response.writeHead(200).end("thank you\n"), true),
    "a gigabyte": (response) => (response.writeHead(200).end("y".repeat(1_000_000)), true),
    "another size each time": (response) => (
      response.writeHead(409, { "content-type": "text/x.tlog.size" }).end("1\n"), true
    ),
    "a redirect": (response) => (response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(), true),
    silence: () => true,
  };
  for (const [name, misbehave] of Object.entries(manners)) {
    const scene = await setLogScene(t);
    const outside = await startWitness(t, scene.signer.key);
    outside.misbehave = misbehave;
    const { errors, fault } = await keepLog(t, scene, httpWitness({ ...outside, timeoutMs: 300 }), 5);
    t.ok(errors.length > 0, `${name} is told`);
    t.equal(fault, undefined, `${name} is no tampering`);
    t.equal((await scene.database.transact(latestCheckpoint))?.size, 5, `${name}: the log goes on`);
    t.equal(await scene.database.transact((tx) => cosignedHead(tx, { required: 1, keys: [outside.key] })), undefined);
  }
});

t.test(
  "AUDIT-2 only what the configured witnesses have signed counts, whatever lines stand under a head",
  async (t) => {
    const scene = await setLogScene(t);
    const outside = await startWitness(t, scene.signer.key);
    outside.misbehave = (response) => (response.writeHead(500).end(), true);
    await keepLog(t, scene, httpWitness({ ...outside, timeoutMs: 5_000 }), 5);
    const asked = { required: 1, keys: [outside.key] };
    const found = () => scene.database.transact((tx) => cosignedHead(tx, asked));
    const add = (line: string): Promise<unknown> => scene.database.transact((tx) => addCosignature(tx, 5, line));
    const { text } = parseNote((await scene.database.transact(latestCheckpoint))?.note ?? "");
    const stranger = otherKey("stranger.example/w");
    await add(formatSignature(cosign(text, stranger.key, stranger.privateKey, 1_800_000_000)));
    t.equal(await found(), undefined, "a stranger's");
    const replaced = otherKey(scene.signer.key.name);
    await add(formatSignature(signNote(text, replaced.key, replaced.privateKey)));
    t.equal(await found(), undefined, "another key of the log's, as while one takes over from another");
    await add(formatSignature({ name: outside.key.name, id: outside.key.id, signature: Buffer.alloc(72, 1) }));
    t.equal(await found(), undefined, "the witness's own name under a false signature");
  },
);

t.test("AUDIT-2 a file of heads is continued, and tells when the log does not continue it", async (t) => {
  const scene = await setLogScene(t);
  const file = path.join(t.testdir(), "heads.txt");
  const witness = () => fileWitness(file, scene.signer.key);
  t.same(await keepLog(t, scene, witness(), 5), { errors: [], fault: undefined });
  t.same(await keepLog(t, scene, witness(), 300), { errors: [], fault: undefined });
  const kept = readFileSync(file, "utf8");
  t.equal(kept.match(/^log\.example\/countersign$/gm)?.length, 2, "two heads");

  writeFileSync(file, `${kept}log.example/countersign\n9`);
  t.same(await keepLog(t, scene, witness(), 3), { errors: [], fault: undefined }, "a half-written head does not count");

  const other = await setLogScene(t, scene.signer);
  const { fault } = await keepLog(t, other, witness(), 400);
  t.equal(fault?.code, "WITNESS_CONTRADICTED", "another log with the same key");
  writeFileSync(
    file,
    kept
      .replace(/\n\d+\n/, "\n4\n")
      .split("\n\n")
      .slice(0, 2)
      .join("\n\n")
      .concat("\n\n"),
  );
  t.equal((await keepLog(t, scene, witness(), 1)).fault?.code, "WITNESS_CONTRADICTED", "a head that was altered");
});
