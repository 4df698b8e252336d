import { rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { query } from "../../test/support/data-directory.ts";
import { inspectTarget } from "../checks/target.ts";
import { buildAgain, untilBuilding } from "../client/builds.ts";
import type { Scene } from "../scene/scene.ts";
import { type Target, targetOf, targetPlace } from "../scene/target.ts";
import type { Seeded } from "../seeded.ts";
import { fill, useUpLog } from "./disk.ts";
import type { Kind } from "./kind.ts";

type Fault = (target: Target, random: Seeded) => Promise<string>;

const killAll: Fault = async ({ cluster }) => {
  await cluster.kill();
  await pause(200);
  await cluster.up();
  return "SIGKILL to its postmaster";
};

const killBackend: Fault = async ({ cluster }) => {
  const [backend] = await query(
    cluster.superUrl,
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'countersign-target' ORDER BY xact_start NULLS LAST LIMIT 1",
  );
  if (backend !== undefined) process.kill(Number(backend["pid"]), "SIGKILL");
  await pause(150);
  await cluster.up();
  return "SIGKILL to a backend";
};

const stop: Fault = async ({ cluster }, random) => {
  // At times longer than the claim on a run lasts without its heartbeat.
  const milliseconds = random.chance(0.3) ? random.between(2_100, 2_600) : random.between(300, 900);
  await cluster.signalAll("SIGSTOP");
  try {
    await pause(milliseconds);
  } finally {
    await cluster.signalAll("SIGCONT");
  }
  return `stopped for ${milliseconds} ms`;
};

const cut: Fault = async ({ wire }, random) => {
  const how = random.pick(["drop", "reset", "half-close", "delay"] as const);
  const way = random.pick(["received", "sent"] as const);
  const milliseconds = random.between(20, 120);
  wire.trouble({ how, way, share: random.pick([0.5, 1]), milliseconds });
  await pause(random.between(250, 700));
  wire.heal();
  return `${how} of what is ${way}`;
};

const fillDisk: Fault = async (target, random) => {
  if (!target.small) return killAll(target, random);
  const { cluster } = target;
  const ballast = path.join(cluster.directory, "ballast");
  const log = random.chance(0.5);
  try {
    fill(ballast);
    if (log) await useUpLog(cluster.superUrl);
    await pause(random.between(200, 500));
  } finally {
    rmSync(ballast, { force: true });
  }
  await cluster.up();
  return log ? "no room for tables and log" : "no room for tables";
};

/** The target is struck, and with it sometimes the process that works on it: another one goes on. */
async function strike({ cluster, slots, naive }: Scene, random: Seeded): Promise<string> {
  const target = targetOf(cluster);
  if (naive) return killAll(target, random);
  const fault = random.pick([killAll, killBackend, stop, cut, cut, cut, fillDisk] as const);
  if (!random.chance(0.15)) return fault(target, random);
  const slot = random.pick(slots);
  await slot.kill();
  slot.start().catch(() => undefined);
  return `${await fault(target, random)}, and SIGKILL to service ${slot.name}`;
}

export const target: Kind = {
  name: "target",
  what: "the PostgreSQL that build runs write to: killed, stopped, cut off, its disk full",
  place: targetPlace,
  workload: {
    start: (work, scene) => [buildAgain(work, scene)],
    async before(work, scene) {
      await untilBuilding(scene, scene.naive);
      if (!scene.naive) await pause(work.random.between(1, 60));
      return [];
    },
  },
  strike,
  inspect: inspectTarget,
  caughtBy: ["lost"],
  because: "it has said of steps that they are done before they were on its disk",
};
