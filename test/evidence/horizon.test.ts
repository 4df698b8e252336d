import t from "tap";
import { seal } from "../../src/evidence/log/seal.ts";
import { connect, examineLog, insertEvent, setLogScene } from "../support/log-scene.ts";
import { sealAll } from "./retention-scene.ts";

t.setTimeout(120_000);

t.test(
  "AUDIT-2 the newest transaction that is open is waited for, also where none with a later id is over",
  async (t) => {
    const scene = await setLogScene(t);
    const late = await connect(t, scene.names.appUrl);
    // Others use the same server: until nobody has come between.
    for (let n = 1; n <= 5; n += 1) {
      await late.query("BEGIN");
      await late.query(insertEvent, ["late", n]);
      const first = await seal(scene.database, scene.signer, undefined);
      await seal(scene.database, scene.signer, first?.seen);
      await late.query("COMMIT");
    }
    await sealAll(scene);
    t.equal((await examineLog(scene)).size, 5, "each event has its leaf");
  },
);
