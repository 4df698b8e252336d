import t from "tap";
import { openLog } from "../../src/evidence/index.ts";
import { makeLogKeeper } from "../../src/evidence/log/keep.ts";
import { connect, examineLog, insertEvent, setLogScene } from "../support/log-scene.ts";
import { eventually } from "../support/data-directory.ts";
import { sealAll } from "./retention-scene.ts";

t.setTimeout(120_000);

t.test("AUDIT-2 the app role cannot push the log past events, date them back, or take a later name away", async (t) => {
  const scene = await setLogScene(t);
  await scene.database.transact((tx) => openLog(tx, scene.signer));
  const app = await connect(t, scene.names.appUrl);
  await app.query(insertEvent, ["a", 1]);
  await sealAll(scene);
  await t.rejects(
    app.query(
      "INSERT INTO audit_generations (generation, origin, old_origin, size, root, note, seen, began_by) VALUES (2, 'x', 'y', 1, sha256('x'), 'x', '[]', 'x')",
    ),
    "a generation while no restore awaits its recovery",
  );
  await t.rejects(
    app.query(insertEvent.replace("(actor,", "(occurred_at, actor,").replace("VALUES (", "VALUES ('2026-01-01', "), [
      "a",
      2,
    ]),
    "an event dated back",
  );
  await t.rejects(
    app.query("UPDATE audit_log SET sealed_seq = horizon_seq + 1000000, horizon_seq = horizon_seq + 1000000"),
    "a log that is sealed farther than numbers were drawn",
  );
  await app.query(insertEvent, ["a", 3]);
  const keeper = makeLogKeeper({
    database: scene.database,
    signer: scene.signer,
    witnesses: [],
    onError: () => undefined,
  });
  // Transactions of other tests in the same server hold the horizon up.
  await eventually(async () => {
    await keeper.seal(() => false);
    return (await examineLog(scene)).size >= 2;
  });
  t.comment(String(keeper.fault));
});
