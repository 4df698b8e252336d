import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import { logSigner, openLog } from "../../../src/evidence/index.ts";
import { parseCheckpoint } from "../../../src/evidence/log/checkpoint.ts";
import { consistent, includes, leafHash, rootOf } from "../../../src/evidence/log/merkle.ts";
import { parseNote, parseVerifierKey, signedBy } from "../../../src/evidence/log/note.ts";
import { nodesFrom } from "../../../src/evidence/log/tiles.ts";
import { consume, expectStatus, mintGrant } from "../../support/flow.ts";
import { type InProcess, setStage, startService } from "../../support/service.ts";

t.setTimeout(60_000);

const bytes = (text: unknown): Buffer => Buffer.from(text as string, "base64");
const ask = (service: InProcess, path: string) => expectStatus(service.call("GET", path, { as: "auditor" }), 200);

async function sealed(service: InProcess, atLeast: number): Promise<Record<string, unknown>> {
  for (;;) {
    const { status, body } = await service.call("GET", "/v1/audit/checkpoint", { as: "auditor" });
    if (status === 200 && (body["size"] as unknown as number) >= atLeast) return body;
    // not a sleep: the log is kept by a clock.
    await pause(20);
  }
}

t.test("AUDIT-2 heads, proofs and tiles of a service lead from an event to what was signed", async (t) => {
  const stage = await setStage(t);
  const signer = logSigner("log.example/test", randomBytes(32));
  await stage.database.transact((tx) => openLog(tx, signer));
  const service = await startService(t, { stage, logSigner: signer, config: { sealIntervalMs: 20 } });
  const first = await sealed(service, 1);
  const code = await mintGrant(service);
  await expectStatus(consume(service, code, "once"), 200);
  const { body } = await ask(service, "/v1/audit/events?action=grant.consumed");
  const event = (body["items"] as unknown as { seq: number; occurred_at: string }[])[0];
  const { size: had } = await sealed(service, (first["size"] as number) + 1);
  const after = await (async () => {
    for (;;) {
      const { status, body: proof } = await service.call("GET", `/v1/audit/proofs/inclusion?seq=${event?.seq}`, {
        as: "auditor",
      });
      if (status === 200) return proof;
      await pause(20); // not a sleep: until it is sealed
    }
  })();
  t.ok(had);
  const note = parseNote(after["note"] as unknown as string);
  const head = parseCheckpoint(note.text);
  const key = parseVerifierKey((first["verifier_keys"] as string[]).at(-1) ?? "");
  t.equal(signedBy(note, key), 0, "the head is signed");
  t.equal(head.origin, "log.example/test");
  const entry = bytes(after["entry"]);
  t.match(JSON.parse(entry.toString()), { action: "grant.consumed", resource_id: code, seq: event?.seq });
  const path = (after["path"] as unknown as string[]).map(bytes);
  const { leaf, size } = after as unknown as { leaf: number; size: number };
  t.ok(includes({ leaf, size, hash: leafHash(entry), path, root: head.root }), "the event is included");

  const from = first["size"] as number;
  const { body: grown } = await ask(service, `/v1/audit/proofs/consistency?first=${from}&second=${size}`);
  const proof = { first: from, second: size, firstRoot: bytes(first["root"]), secondRoot: head.root };
  t.ok(consistent({ ...proof, path: (grown["path"] as unknown as string[]).map(bytes) }), "the log has only grown");

  const tile = async (level: number | "entries", width: number): Promise<Buffer> => {
    const response = await fetch(`${service.url}/v1/audit/log/tile/${level}/000.p/${width}`, {
      headers: { authorization: `Bearer ${service.tokens.auditor}` },
    });
    t.equal(response.status, 200);
    t.match(response.headers.get("cache-control"), /immutable/);
    return Buffer.from(await response.arrayBuffer());
  };
  const hashes = await tile(0, size);
  t.same(
    await rootOf(
      nodesFrom(async () => hashes),
      size,
    ),
    head.root,
    "the tile has the root",
  );
  const bundle = await tile("entries", size);
  let at = 0;
  for (let n = 0; n < size; n += 1) {
    const length = bundle.readUInt16BE(at);
    t.same(leafHash(bundle.subarray(at + 2, at + 2 + length)), hashes.subarray(n * 32, n * 32 + 32));
    at += 2 + length;
  }
  t.equal(at, bundle.length);

  for (const wrong of [
    "tile/0/000.p/0",
    `tile/0/000.p/${size + 100}`,
    "tile/0/001",
    "tile/0/0",
    "tile/9/000",
    "tile/entries/000",
  ]) {
    t.equal((await service.call("GET", `/v1/audit/log/${wrong}`, { as: "auditor" })).status, 404, wrong);
  }
  t.equal((await service.call("GET", "/v1/audit/log/checkpoint")).status, 401);
  t.equal((await service.call("GET", "/v1/audit/log/checkpoint", { as: "requester" })).status, 403);
  t.match((await ask(service, "/v1/audit/log/checkpoint")).text, /^log\.example\/test\n\d+\n/);
  t.equal((await service.call("GET", "/v1/audit/proofs/inclusion?seq=999999", { as: "auditor" })).status, 404);
  t.equal((await service.call("GET", "/v1/audit/proofs/consistency?first=999999", { as: "auditor" })).status, 400);
  t.equal(
    (await service.call("GET", "/v1/audit/proofs/consistency?first=0&second=999999", { as: "auditor" })).status,
    404,
  );
});

t.test("AUDIT-2 everyone may read the log as files where the configuration says so", async (t) => {
  const stage = await setStage(t);
  const signer = logSigner("log.example/open", randomBytes(32));
  await stage.database.transact((tx) => openLog(tx, signer));
  const service = await startService(t, {
    stage,
    logSigner: signer,
    config: { sealIntervalMs: 20, logReaders: "everyone" },
  });
  await sealed(service, 1);
  const { status, headers } = await service.call("GET", "/v1/audit/log/checkpoint");
  t.equal(status, 200);
  t.match(headers.get("content-type"), /^text\/plain/);
  t.equal((await service.call("GET", "/v1/audit/checkpoint")).status, 401, "but not the rest");
});
