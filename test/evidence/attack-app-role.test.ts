import { randomBytes } from "node:crypto";
import t from "tap";
import { openLog, readCheckpoint, verifyLog } from "../../src/evidence/index.ts";
import { makeLogKeeper } from "../../src/evidence/log/keep.ts";
import { parseVerifierKey, verifierKey } from "../../src/evidence/log/note.ts";
import { proveInclusion } from "../../src/evidence/log/proofs.ts";
import { followKeys, keyAdded } from "../../src/evidence/log/rotation.ts";
import { logSigner } from "../../src/evidence/log/signer.ts";
import { eventsBetween, latestCheckpoint } from "../../src/evidence/log/store.ts";
import { connect, examineLog, insertEvent, origin, setLogScene } from "../support/log-scene.ts";
import { sealAll } from "./retention-scene.ts";

t.setTimeout(120_000);

t.test(
  "AUDIT-2 who can only write into the database cannot name a key that auditors of the log then follow",
  async (t) => {
    const scene = await setLogScene(t);
    await scene.database.transact((tx) => openLog(tx, scene.signer));
    const forger = logSigner(origin, randomBytes(32));
    const app = await connect(t, scene.names.appUrl);
    await app.query(
      `INSERT INTO audit_events (actor, action, resource_type, resource_id, request_id, before, after)
     VALUES ('service:log', $1, 'audit_log', $2, 'r', $3, $4)`,
      [keyAdded, origin, { verifier_key: verifierKey(scene.signer.key) }, { verifier_key: verifierKey(forger.key) }],
    );
    await sealAll(scene);
    const { event, proof, note } = await scene.database.transact(async (tx) => {
      const [first] = await eventsBetween(tx, "0", "1000000", 10);
      const found = await proveInclusion(tx, first?.seq ?? 0);
      return { event: first, proof: found, note: (await latestCheckpoint(tx))?.note ?? "" };
    });
    if (event === undefined || proof === undefined) throw new Error("not sealed");
    const keys = followKeys(
      [parseVerifierKey(verifierKey(scene.signer.key))],
      [{ event, leaf: proof.leaf, path: proof.path, note }],
    );
    t.same(keys.map(verifierKey), [verifierKey(scene.signer.key)], "the key of the log has not signed for it");
  },
);

t.test("AUDIT-2 a head beyond the log is noticed, and nobody is shown it", async (t) => {
  const scene = await setLogScene(t);
  await scene.database.transact((tx) => openLog(tx, scene.signer));
  const app = await connect(t, scene.names.appUrl);
  await app.query(insertEvent, ["a", 1]);
  await sealAll(scene);
  const forged = "INSERT INTO audit_checkpoints (size, root, note) VALUES (1000000, sha256('x'), 'x')";
  await t.rejects(app.query(forged), "by the app role");
  const admin = await connect(t, scene.names.superUrl);
  await admin.query(
    `ALTER TABLE audit_checkpoints DISABLE TRIGGER ALL; ${forged}; ALTER TABLE audit_checkpoints ENABLE ALWAYS TRIGGER guard_audit_growth`,
  );
  const keeper = makeLogKeeper({
    database: scene.database,
    signer: scene.signer,
    witnesses: [],
    onError: () => undefined,
  });
  await keeper.seal(() => false);
  t.not(keeper.fault, undefined, "the keeper");
  t.notOk((await verifyLog(scene.database, [scene.signer.key])).passed, "audit verify --database");
  t.equal(
    await scene.database.transact((tx) => readCheckpoint(tx)).then(({ size }) => size, String),
    1,
    "GET /v1/audit/checkpoint",
  );
});

t.test("AUDIT-2 a tile that is longer than the log is a fault of the log, and not only an error", async (t) => {
  for (const text of [
    "UPDATE audit_tiles SET hashes = hashes || sha256('x') WHERE level = 0 AND index = 0",
    "INSERT INTO audit_tiles VALUES (0, 1, sha256('x'))",
    "UPDATE audit_bundles SET seqs = seqs || 999::bigint",
  ]) {
    const scene = await setLogScene(t);
    await scene.database.transact((tx) => openLog(tx, scene.signer));
    const admin = await connect(t, scene.names.appUrl);
    await admin.query(insertEvent, ["a", 1]);
    await sealAll(scene);
    await admin.query(text);
    for (let n = 2; n <= 300; n += 1) await admin.query(insertEvent, ["a", n]);
    const said: string[] = [];
    const keeper = makeLogKeeper({
      database: scene.database,
      signer: scene.signer,
      witnesses: [],
      onError: (error) => said.push(String(error)),
    });
    for (let n = 0; n < 200 && keeper.fault === undefined; n += 1) await keeper.seal(() => false);
    t.comment(text, (await examineLog(scene)).size, [...new Set(said)].join(" | "));
    t.not(keeper.fault, undefined, text);
  }
});
