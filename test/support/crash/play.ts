import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { openDatabase } from "../../../src/database/index.ts";
import { readEnd } from "../fingerprint.ts";
import type { Target } from "../runs.ts";
import type { Owner, Stage } from "../service.ts";
import { copyDatabase, emptyTarget } from "./databases.ts";
import { type EngineOptions, type EnginePlace, startEngine } from "./engine.ts";
import type { Scene } from "./scene.ts";

export type End = Awaited<ReturnType<typeof readEnd>>;

/** A copy of the scene that one play is played on. */
export interface Copy {
  readonly scene: Scene;
  readonly stage: Stage;
  readonly target: Target;
  /** One superuser connection to the control database, as long as the play lasts. */
  readonly watch: pg.Client;
}

/** @param target one of its own as the scene has it if absent, or an empty one */
export async function copyScene(t: Owner, scene: Scene, target?: Target): Promise<Copy> {
  const names = await copyDatabase(t, scene.maker);
  const database = openDatabase({ url: names.appUrl, poolSize: 1 });
  t.teardown(() => database.close());
  const watch = new pg.Client({ connectionString: names.superUrl });
  await watch.connect();
  t.teardown(() => watch.end());
  return {
    scene,
    stage: { ...scene.stage, names, database },
    target: target ?? (await (scene.makeTarget?.(t) ?? emptyTarget(t, scene.maker))),
    watch,
  };
}

export function placeOf({ scene, stage, target }: Copy): EnginePlace {
  const backups = path.join(scene.folder, `backups-${stage.names.name}`);
  return { controlUrl: stage.names.appUrl, targetUrl: target.url, backups };
}

/**
 * What a lapsed lease is to those who wait for it, without waiting: the claim is over, and where `lease` is true the lease
 * too. The connections of the dead process are gone before.
 */
export async function lapse({ stage, watch }: Copy, lease: boolean): Promise<void> {
  await eventually("the connections of the dead process are gone", async () => {
    const { rows } = await watch.query<{ left: number }>(
      "SELECT count(*)::integer AS left FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
      [stage.names.name],
    );
    return rows[0]?.left === 0;
  });
  await lapseClaim(watch);
  if (!lease) return;
  // No role of the service can move a lease's times: a superuser takes the guard away and puts it back.
  await watch.query(
    `BEGIN; ALTER TABLE dot_iu_runtime_lease DISABLE TRIGGER guard_lease;
     UPDATE dot_iu_runtime_lease SET acquired_at = acquired_at - interval '1 day', renewed_at = renewed_at - interval '1 day',
       expires_at = expires_at - interval '1 day' WHERE released_at IS NULL;
     ALTER TABLE dot_iu_runtime_lease ENABLE ALWAYS TRIGGER guard_lease; COMMIT`,
  );
}

/** Has the run be looked at again by whoever has time for it. */
async function lapseClaim(watch: pg.Client): Promise<void> {
  await watch.query(
    "UPDATE c1_build_run SET claimed_until = clock_timestamp() - interval '1 second' WHERE status IN ('running', 'compensating', 'indeterminate')",
  );
}

/** An engine in this process that takes up what nobody works on. */
export function startSurvivor(t: Owner, copy: Copy, options: Partial<EngineOptions> = {}): void {
  const tally = copy.scene.kind === "tally";
  t.teardown(startEngine(placeOf(copy), { leaseSeconds: 30, pollMs: 50, tally, ...options }));
}

/**
 * @param lapsing whether the claim lapses every second: where only one engine is at work, whatever it has lost sight of is
 * taken up again then, and what it works on is left alone
 */
export async function untilEnded(
  { watch }: Copy,
  { seconds = 20, lapsing = false }: { seconds?: number; lapsing?: boolean } = {},
): Promise<void> {
  let next = performance.now() + 1_000;
  const ended = async (): Promise<boolean> => {
    if (lapsing && performance.now() > next) {
      await lapseClaim(watch);
      next = performance.now() + 1_000;
    }
    const { rows } = await watch.query<{ status: string }>("SELECT status FROM c1_build_run");
    return rows.every(({ status }) => status === "succeeded" || status === "stopped");
  };
  await eventually("the run has ended", ended, seconds);
}

export function endOf(copy: Copy): Promise<End> {
  const { scene, target, watch } = copy;
  const { root, authCode } = scene.prepared;
  const place = { control: watch, targetUrl: target.superUrl, root, authCode };
  return scene.readEnd?.(place, placeOf(copy).backups) ?? readEnd(place);
}

/** Waits for a condition. @throws Error naming it when it does not come in time */
export async function eventually(what: string, holds: () => Promise<boolean>, seconds = 20): Promise<void> {
  const began = performance.now();
  while (!(await holds())) {
    const waited = performance.now() - began;
    if (waited > seconds * 1_000) throw new Error(`not in ${seconds} s: ${what}`);
    // not a sleep: the pause between two looks at a condition, which are not to take the time of what is looked at
    await pause(Math.min(50, 10 + waited / 10));
  }
}
