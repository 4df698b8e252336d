import { appendFileSync, existsSync, rmSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { openLog } from "../../src/evidence/index.ts";
import { LogFault } from "../../src/evidence/log/faults.ts";
import { fileWitnessOf, lastWitnessed } from "../../src/evidence/log/witness-memory.ts";
import { showHead } from "../../src/evidence/log/show.ts";
import { connect, insertEvent, setLogScene } from "../support/log-scene.ts";
import { sealAll } from "./retention-scene.ts";

t.setTimeout(120_000);

t.test("AUDIT-2 a file of heads whose end cannot be read is not taken for one that has seen nothing", async (t) => {
  const scene = await setLogScene(t);
  await scene.database.transact((tx) => openLog(tx, scene.signer));
  const app = await connect(t, scene.names.appUrl);
  await app.query(insertEvent, ["a", 1]);
  await sealAll(scene);
  const file = path.join(t.testdir(), "heads.txt");
  const witness = fileWitnessOf(file, scene.signer);
  await showHead(scene.database, witness, undefined);
  t.ok(existsSync(file));
  t.match(await lastWitnessed(file, scene.signer), { size: 1 });
  appendFileSync(file, "x".repeat(20_000));
  const found = await lastWitnessed(file, scene.signer).catch((error: unknown) => error);
  t.ok(found instanceof LogFault || (found as { size?: number } | undefined)?.size === 1, String(found));
  rmSync(file);
});
