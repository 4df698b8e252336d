import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expectStatus } from "../flow.ts";
import { approve, rehearse, register, setPlace, stepUrl, wholeAct } from "../plans.ts";
import { ask, type Target } from "../runs.ts";
import { type Owner, type Service, setStage, startService } from "../service.ts";
import { emptyTarget, openMaker } from "./databases.ts";
import { readStepEnd } from "./plan-end.ts";
import { type Scene, scoped } from "./scene.ts";
import { smallFixture, smallPlan } from "./small-plan.ts";

export type Act = "commit" | "rollback" | "rehearsal";

/** Makes a target: a copy of the one that is named, or an empty one. */
export type TargetMaker = (t: Owner, like?: Target) => Promise<Target>;

/**
 * An act on the small plan's step that has been rehearsed, approved and started, and that nobody has taken up: for each
 * play, a copy of the control database and one of the target as it stood then.
 * @param makeTarget where targets are made, if not beside the control database
 */
export async function setStepScene(t: Owner, act: Act, makeTarget?: TargetMaker): Promise<Scene> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "countersign-crash-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const cleanups: (() => Promise<unknown>)[] = [];
  const stage = await setStage({ teardown: (work) => cleanups.unshift(work) });
  // What was made first is the database, and it stays for the test; what is connected to it goes.
  t.teardown(() => stage.names.drop());
  cleanups.pop();
  const maker = await openMaker(t, stage.names);
  const make: TargetMaker = makeTarget ?? ((own, like) => emptyTarget(own, maker, like && nameIn(like)));
  const original = await make(t);
  const config = { pgDump: "/nowhere/pg_dump" };
  const { plan, code } = await scoped(async (own) => {
    const { service } = await setPlace(own, { stage, target: original, fixture: smallFixture, config });
    return prepare(service, act);
  });
  const root = `${act}-of-parcels`;
  await scoped(async (own) => {
    const targets = { default: original.url };
    const service = await startService(own, { stage, targets, config: { ...config, runConcurrency: 0 } });
    const body = { idempotency_root: root, ...(code !== undefined && { approval_code: code }) };
    const url = stepUrl(plan, 1, act === "rehearsal" ? "rehearse" : act);
    await expectStatus(service.call("POST", url, { as: "c1-builder", body }), 202);
  });
  for (const cleanup of cleanups) await cleanup();
  return {
    kind: act === "rehearsal" ? "dry-run" : "commit",
    stage,
    prepared: { root, authCode: code ?? "none", body: {} },
    maker,
    folder,
    makeTarget: (own) => make(own, original),
    readEnd: readStepEnd,
  };
}

async function prepare(service: Service, act: Act) {
  const plan = await register(service, smallPlan);
  if (act === "rehearsal") return { plan, code: undefined };
  if (act === "rollback") {
    const { run } = await wholeAct(service, plan, 1);
    if (run.status !== "succeeded") throw new Error(`the step that is to be rolled back: ${JSON.stringify(run.error)}`);
  }
  const { run } = await rehearse(service, plan, 1, act);
  if (run.status !== "succeeded") throw new Error(`the rehearsal: ${JSON.stringify(run.error)}`);
  return { plan, code: await approve(service, plan, 1, run.rehearsal?.rehearsal_ref, act) };
}

export function nameIn({ url }: Target): string {
  return new URL(url).pathname.slice(1);
}

/** A target by its URLs. */
export function targetAt(url: string, superUrl: string): Target {
  return { url, superUrl, query: (text, values) => ask(superUrl, text, values) };
}
