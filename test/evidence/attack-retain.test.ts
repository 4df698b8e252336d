import t from "tap";
import { openDatabase } from "../../src/database/index.ts";
import { readLeaves } from "../../src/evidence/index.ts";
import { walkLog } from "../../src/evidence/log/walk.ts";
import { connect } from "../support/log-scene.ts";
import { retain, sealAll, setMonths } from "./retention-scene.ts";

t.setTimeout(280_000);

t.test("AUDIT-2 whoever reads while a month is detached finds nothing missing", async (t) => {
  const scene = await setMonths(t, 60);
  await sealAll(scene);
  const [dump, look] = [await connect(t, scene.names.superUrl), await connect(t, scene.names.superUrl)];
  const owner = openDatabase({
    url: scene.names.ownerUrl,
    poolSize: 2,
    statementTimeoutMs: 60_000,
    lockTimeoutMs: 60_000,
  });
  t.teardown(() => owner.close());
  const waiting = async (many: number): Promise<void> => {
    for (let found = 0; found < many; ) {
      const { rowCount } = await look.query(
        "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
      );
      found = rowCount ?? 0;
    }
  };
  const read = () =>
    scene.database
      .transact((tx) => readLeaves(tx, 0, 200), { readOnly: true })
      .then(
        () => "",
        (error: unknown) => String(error),
      );
  // Whoever reads the events lets the detachment wait, and behind it all who come then.
  await dump.query("BEGIN");
  const retaining = retain(
    { ...scene, owner },
    {
      before: scene.months[1],
      reached: async (step) => {
        if (step === "checked") await dump.query("SELECT FROM audit_events LIMIT 1");
      },
    },
  );
  await waiting(1);
  const walking = walkLog(scene.database, 0, 4, [scene.signer.key]);
  const reading = read();
  await waiting(3);
  await dump.query("COMMIT");
  t.equal((await retaining).retained.length, 1);
  t.same((await walking).faults.map(String), [], "a walk that began before");
  t.equal(await reading, "", "an export that goes on");
  await sealAll(scene);
  t.same((await walkLog(scene.database, 0, 4, [scene.signer.key])).faults.map(String), [], "one that begins then");
});
