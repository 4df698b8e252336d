import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { parseCheckpoint } from "../../src/evidence/log/checkpoint.ts";
import { LogFault } from "../../src/evidence/log/faults.ts";
import { makeLogKeeper } from "../../src/evidence/log/keep.ts";
import { consistent } from "../../src/evidence/log/merkle.ts";
import { cosign, formatSignature, noteKey, parseNote, signedBy } from "../../src/evidence/log/note.ts";
import { cosignedCheckpoint, latestCheckpoint } from "../../src/evidence/log/store.ts";
import { fileWitness, httpWitness, type Witness } from "../../src/evidence/log/witness.ts";
import { connect, insertEvent, type LogScene, setLogScene } from "../support/log-scene.ts";

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
  for (let round = 0; round < 3; round += 1) await keeper.keep(() => false);
  return { errors, fault: keeper.fault };
}

/** A witness as C2SP tlog-witness describes it, written from that description. */
async function startWitness(t: Test, scene: LogScene, misbehave?: (response: ServerResponse) => boolean) {
  const { privateKey } = generateKeyPairSync("ed25519");
  const key = noteKey("witness.example/w", createPublicKey(privateKey), "cosignature");
  let seen: { size: number; root: Uint8Array } | undefined;
  const requests: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    requests.push(`${request.method} ${request.url}`);
    if (misbehave?.(response) === true) return;
    const split = body.indexOf("\n\n");
    const [old = "", ...proof] = body.slice(0, split).split("\n");
    const first = Number(/^old (\d+)$/.exec(old)?.[1]);
    const note = parseNote(body.slice(split + 2));
    const head = parseCheckpoint(note.text);
    if (signedBy(note, scene.signer.key) === undefined) return void response.writeHead(403).end();
    if (first > head.size) return void response.writeHead(400).end();
    if (first !== (seen?.size ?? 0)) {
      return void response.writeHead(409, { "content-type": "text/x.tlog.size" }).end(`${seen?.size ?? 0}\n`);
    }
    const path = proof.map((line) => Buffer.from(line, "base64"));
    const grows =
      seen === undefined || consistent({ first, second: head.size, firstRoot: seen.root, secondRoot: head.root, path });
    if (!grows) return void response.writeHead(422).end();
    seen = head;
    response.writeHead(200).end(formatSignature(cosign(note.text, key, privateKey, 1_800_000_000)));
  };
  const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => new Promise((resolve) => server.close(resolve)));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    key,
    url,
    requests,
    forget: () => (seen = undefined),
    pretend: (size: number) => (seen = { size, root: randomBytes(32) }),
  };
}

t.test("AUDIT-2 a witness signs each head that continues the one before", async (t) => {
  const scene = await setLogScene(t);
  const outside = await startWitness(t, scene);
  const witness = httpWitness({ ...outside, timeoutMs: 5_000 });
  t.equal(await scene.database.transact((tx) => cosignedCheckpoint(tx, 1)), undefined, "nobody has signed yet");
  t.same(await keepLog(t, scene, witness, 5), { errors: [], fault: undefined });
  t.same(await keepLog(t, scene, witness, 300), { errors: [], fault: undefined });
  const head = await scene.database.transact((tx) => cosignedCheckpoint(tx, 1));
  t.equal(head?.size, 305);
  t.equal(signedBy(parseNote(head?.note ?? ""), outside.key), 1_800_000_000);
  t.equal(await scene.database.transact((tx) => cosignedCheckpoint(tx, 2)), undefined, "nor has a second one");
  t.ok(outside.requests.every((line) => line === "POST /add-checkpoint"));

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
    const outside = await startWitness(t, scene);
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
    const outside = await startWitness(t, scene, misbehave);
    const { errors, fault } = await keepLog(t, scene, httpWitness({ ...outside, timeoutMs: 300 }), 5);
    t.ok(errors.length > 0, `${name} is told`);
    t.equal(fault, undefined, `${name} is no tampering`);
    t.equal((await scene.database.transact(latestCheckpoint))?.size, 5, `${name}: the log goes on`);
    t.equal(await scene.database.transact((tx) => cosignedCheckpoint(tx, 1)), undefined);
  }
});

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

  const other = await setLogScene(t);
  const { fault } = await keepLog(t, { ...other, signer: scene.signer }, witness(), 400);
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
