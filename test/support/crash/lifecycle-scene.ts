import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expectStatus } from "../flow.ts";
import { installPlan, useUnits } from "../lifecycle.ts";
import { decide, manifestOf, prepareTransition } from "../lifecycle-runs.ts";
import { startRun, type Target } from "../runs.ts";
import { type Owner, setStage, startService } from "../service.ts";
import { emptyTarget, openMaker } from "./databases.ts";
import { readEnactmentEnd } from "./lifecycle-end.ts";
import { nameIn } from "./plan-scene.ts";
import { type Scene, scoped } from "./scene.ts";

/** A scene with the target that those of the plays are copies of. */
export interface EnactmentScene extends Scene {
  readonly original: Target;
}

/**
 * The enactment of the 60 units of ICX-CONST, approved and started, and that nobody has taken up: for each play, a copy of
 * the control database and one of the target as it stood then.
 */
export async function setEnactmentScene(t: Owner): Promise<EnactmentScene> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "countersign-crash-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const cleanups: (() => Promise<unknown>)[] = [];
  const stage = await setStage({ teardown: (work) => cleanups.unshift(work) });
  // What was made first is the database, and it stays for the test; what is connected to it goes.
  t.teardown(() => stage.names.drop());
  cleanups.pop();
  const maker = await openMaker(t, stage.names);
  const original = await useUnits(t);
  for (const plan of ["lifecycle-enactment.yaml", "lifecycle-backlog.yaml"]) await installPlan(original, plan);
  const prepared = await scoped(async (own) => {
    const config = { runConcurrency: 0 };
    const service = await startService(own, { stage, targets: { default: original.url }, config });
    const manifest = await manifestOf(service, {
      transition: "enact",
      address_prefix: "ICX-CONST/",
      review_decision_id: await decide(service, "enactment", ["ICX-CONST/*"]),
      compensation_decision_id: await decide(service, "retirement", ["ICX-CONST/*"]),
    });
    const run = await prepareTransition(service, manifest, { root: "enactment-of-sixty" });
    await expectStatus(startRun(service, run), 202);
    return run;
  });
  for (const cleanup of cleanups) await cleanup();
  return {
    kind: "commit",
    stage,
    prepared,
    maker,
    folder,
    original,
    makeTarget: (own) => emptyTarget(own, maker, nameIn(original)),
    readEnd: readEnactmentEnd,
  };
}
