import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Owner, type Spawned, spawnService } from "../service.ts";
import { spawnNode, startedWith } from "../started.ts";
import { noDump } from "./engine.ts";
import { type Orders, ordersVariable, type VictimOrders } from "./orders.ts";
import { type Copy, placeOf } from "./play.ts";
import type { Death } from "./statements.ts";

const preload = fileURLToPath(new URL("preload.ts", import.meta.url));
const victims = fileURLToPath(new URL("victims.ts", import.meta.url));

/** Neither a heartbeat nor a further look for work comes between the statements of the run. */
const unhurried = {
  RUN_LEASE_SECONDS: "3600",
  RUN_POLL_MS: "60000",
  SWEEP_INTERVAL_MS: "3600000",
  SEAL_INTERVAL_MS: "0",
  WEBHOOK_POLL_MS: "0",
};

/** Where compiled code is kept: where that of the whole test run is, or in a folder of the test's own. */
export function compiledIn(folder: string): Record<string, string> {
  return { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? path.join(folder, "compiled") };
}

/** The service itself as a process on the copy; it takes the run up and follows its orders. */
export function spawnActor(
  t: Owner,
  copy: Copy,
  orders: Orders,
  env: Readonly<Record<string, string>> = unhurried,
  onLog?: (text: string) => void,
): Promise<Spawned> {
  const { scene, stage, target } = copy;
  const settings = {
    NODE_OPTIONS: `--import=${preload}`,
    ...compiledIn(scene.folder),
    [ordersVariable]: JSON.stringify({ ...orders, tally: scene.kind === "tally" } satisfies Orders),
    TARGETS: JSON.stringify({ default: target.url }),
    BACKUP_DIR: placeOf(copy).backups,
    PG_DUMP: noDump,
    ...env,
  };
  return spawnService(t, stage, settings, onLog);
}

/** Has the service itself work on the run until it is killed as ordered. */
export async function playService(t: Owner, copy: Copy, orders: Orders): Promise<void> {
  let said = "";
  // It may be gone before it could say where it is.
  const actor = await spawnActor(t, copy, orders, unhurried, (text) => (said += text)).catch(() => undefined);
  const child = actor?.child;
  if (child !== undefined && child.signalCode === null && child.exitCode === null) await gone(child);
  if (/in place of/.test(said)) throw new Error(said);
  if (child !== undefined && child.signalCode !== "SIGKILL") throw new Error(`exit ${child.exitCode}: ${said}`);
}

/** Has engines work on the runs of several copies, in one process that is killed once each has come to its point. */
export async function playVictims(
  t: Owner,
  folder: string,
  orders: Omit<VictimOrders, "victims">,
  plays: readonly { copy: Copy; die: Death }[],
): Promise<void> {
  const content: VictimOrders = { ...orders, victims: plays.map(({ copy, die }) => ({ ...placeOf(copy), die })) };
  const child = spawnNode([victims], {
    stdio: ["ignore", "ignore", "pipe"],
    env: startedWith({ ...compiledIn(folder), [ordersVariable]: JSON.stringify(content) }),
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  t.teardown(async () => void child.kill("SIGKILL"));
  await gone(child);
  if (child.signalCode !== "SIGKILL" || said !== "") throw new Error(`exit ${child.exitCode}: ${said}`);
}

async function gone(child: ChildProcess): Promise<void> {
  // not a sleep: the longest that a process may take to come to its end
  const late = AbortSignal.timeout(30_000);
  await once(child, "exit", { signal: late }).catch(() => {
    throw new Error("the process has not come to its point in 30 s");
  });
}
