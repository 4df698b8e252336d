import t from "tap";
import { proveHistory, verifyLog } from "../../src/evidence/index.ts";
import { makeLogKeeper } from "../../src/evidence/log/keep.ts";
import { walkLog } from "../../src/evidence/log/walk.ts";
import { connect, insertEvent, setLogScene } from "../support/log-scene.ts";
import { sealAll } from "./retention-scene.ts";

t.setTimeout(120_000);

const forged = {
  "an earlier time": { at: "occurred_at - interval '1 second'", times: 1 },
  "a later time": { at: "occurred_at + interval '1 second'", times: 1 },
  "more times than a bundle has leaves": { at: "occurred_at - n * interval '1 second'", times: 600 },
};

for (const [name, { at, times }] of Object.entries(forged)) {
  t.test(`AUDIT-2 an event put under the number of a sealed one as superuser, with ${name}, is noticed`, async (t) => {
    const scene = await setLogScene(t);
    const { database, signer, names } = scene;
    const admin = await connect(t, names.superUrl);
    for (let n = 1; n <= 5; n += 1) await admin.query(insertEvent, ["a", n]);
    await sealAll(scene);
    await admin.query(
      `INSERT INTO audit_events (transaction, seq, occurred_at, actor, action, resource_type, resource_id, request_id)
       SELECT transaction, seq, ${at}, actor, action, resource_type, 'forged', request_id FROM audit_events, generate_series(1, $1::int) AS n WHERE seq = 3`,
      [times],
    );
    const { faults } = await walkLog(database, 0, 2, [signer.key]);
    t.match(faults[0], { code: "EVENT_UNLISTED", message: "Event 3 lies among sealed ones, and is there twice." });
    t.notOk(
      faults.some(({ code }) => code === "EVENT_MISSING"),
      "and nothing is said to be missing",
    );
    t.notOk((await verifyLog(database, [signer.key])).passed, "countersign audit verify --database says so");
    const keeper = makeLogKeeper({ database, signer, witnesses: [], onError: () => undefined });
    await keeper.seal(() => false);
    t.equal(keeper.fault?.code, "EVENT_UNLISTED", "and so does the process that seals");
  });
}

t.test("AUDIT-2 an event put under a sealed number is no evidence of the resource that it names", async (t) => {
  const scene = await setLogScene(t);
  const admin = await connect(t, scene.names.superUrl);
  await admin.query(insertEvent, ["a", 1]);
  await sealAll(scene);
  const about = async (id: string): Promise<readonly number[] | undefined> => {
    const cosigners = { required: 0, keys: [] };
    const history = await scene.database.transact((tx) => proveHistory(tx, [{ type: "thing", id }], cosigners));
    return history?.events.map(({ event }) => event.seq);
  };
  await admin.query(
    `INSERT INTO audit_events (seq, occurred_at, actor, action, resource_type, resource_id, request_id)
     SELECT seq, occurred_at - interval '1 second', actor, action, resource_type, 'forged', request_id FROM audit_events`,
  );
  t.same([await about("a"), await about("forged")], [[1], []]);
});
