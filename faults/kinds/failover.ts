import { setTimeout as pause } from "node:timers/promises";
import { carelessPair, type Pair, pairOf, pairPlace } from "../scene/pair.ts";
import type { Seeded } from "../seeded.ts";
import { endWaits } from "./failover-waits.ts";
import type { Kind } from "./kind.ts";

/** The standby gets nothing any more, so that commits wait; and what then may become of those waits. */
async function cutOff(pair: Pair, random: Seeded): Promise<string> {
  const silently = random.chance(0.5);
  if (silently) pair.link.freeze();
  else pair.link.leadTo(undefined);
  const milliseconds = random.between(200, 700);
  const cut = `replication ${silently ? "frozen" : "cut"} for ${milliseconds} ms, `;
  const then = random.pick(["wait", "cancel", "cancel", "terminate", "restart"] as const);
  if (then === "cancel" || then === "terminate") {
    return `${cut}${await endWaits(pair.primary.superUrl(), then, milliseconds)} waits ended (${then}), `;
  }
  if (then === "wait") {
    await pause(milliseconds);
    return cut;
  }
  // After its recovery, what nobody has acknowledged is there for all to see, and not at the standby.
  await pause(150);
  await pair.primary.kill();
  await pair.primary.start();
  await pause(milliseconds);
  return `${cut}primary killed and recovered meanwhile, `;
}

/** The primary goes, one way or another. @returns what is done to it once there is another */
async function lose(pair: Pair, how: "kill" | "stop" | "partition", random: Seeded): Promise<() => Promise<void>> {
  const old = pair.primary;
  if (how === "kill") {
    await old.kill();
    return async () => undefined;
  }
  if (how === "stop") await old.signalAll("SIGSTOP");
  else for (const relay of [pair.address, pair.link]) relay.freeze();
  await pause(random.between(100, 500));
  return async () => {
    // It takes itself for the primary still, for a while.
    if (how === "stop") await old.signalAll("SIGCONT");
    await pause(random.between(50, 200));
  };
}

export const failover: Kind = {
  name: "failover",
  long: true,
  what: "the primary killed, stopped or cut off, often after its standby; the synchronous standby takes over",
  place: pairPlace,
  careless: carelessPair,
  async strike(scene, random) {
    const pair = pairOf(scene);
    await pair.rebuilt();
    const before = random.chance(0.7) ? await cutOff(pair, random) : "";
    const how = random.pick(["kill", "kill", "stop", "partition"] as const);
    const demanding = random.chance(0.3);
    const afterwards = await lose(pair, how, random);
    await pair.failOver(demanding);
    await afterwards();
    pair.rebuild();
    return `${before}${how}, server ${pair.primary.name} takes over${demanding ? ", commits wait for the next standby" : ""}`;
  },
  /** Else the next failover would lose what this one has not. */
  async inspect(scene) {
    const tables = [
      "audit_events",
      "governance_build_authorization",
      "grant_receipts",
      "approval_requests",
      "c1_build_run",
    ];
    const differing = await pairOf(scene).compare(scene.stage.names.name, tables);
    return differing.map(
      (table) => ({ check: "lost", what: `the standby has not what the primary has in ${table}` }) as const,
    );
  },
  caughtBy: ["lost", "audit"],
  because: "it has answered before it writes, and nobody tells the new primary",
};
