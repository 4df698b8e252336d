import { setTimeout as pause } from "node:timers/promises";
import { seedGrants } from "../../test/support/flow.ts";
import type { Stage } from "../../test/support/service.ts";
import { eventually } from "../scene/patience.ts";
import type { Passing, Workload } from "./lanes.ts";
import { operations } from "./requests.ts";

/** How long a bait can be used: longer than what is under way takes without a fault, shorter than a fault that holds it up. */
const baitMs = 1_000;
const enough = 90;

export interface Baits {
  /** Whether one of them is known to be used. */
  readonly taken: Promise<unknown>;
  readonly all: Promise<unknown>;
}

/**
 * Fresh grants for one strike. Some are asked for at once, so that the fault meets them under way, and expire while it lasts;
 * others are asked for right after they have expired. What the fault does is then no matter of luck.
 */
export async function layBaits(stage: Stage, work: Workload, name: string): Promise<Baits> {
  const { client, lasting, passing } = work;
  if (lasting.length < enough) lasting.push(...(await seed(stage, `${name}-L`, 45, 3_600_000)).map((one) => one.grant));
  if (!work.struck) return { taken: Promise.resolve(), all: Promise.resolve() };
  for (const milliseconds of [600, 1_500]) {
    passing.unshift(...(await seed(stage, `${name}-P${milliseconds}`, 6, milliseconds)));
  }
  const baits = await seed(stage, `${name}-B`, 16, baitMs);
  const early = baits.slice(0, 10).map(({ grant }, at) => client.perform(operations.consume(client, grant), 8, at % 2));
  return { taken: Promise.race(early), all: Promise.all([...early, askLate(work, baits.slice(10))]) };
}

async function askLate({ client }: Workload, late: readonly Passing[]): Promise<void> {
  await pause(Math.max(0, (late[0]?.expires ?? 0) - Date.now()) + 30);
  const asked: Promise<unknown>[] = [];
  for (const { grant } of late) {
    asked.push(client.perform(operations.consume(client, grant), 8));
    await pause(80);
  }
  await Promise.all(asked);
}

/** The fault before may not be quite over for the connection that this goes by. */
async function seed(stage: Stage, prefix: string, count: number, milliseconds: number): Promise<Passing[]> {
  const made: Passing[] = [];
  let tried = 0;
  await eventually("grants can be made", async () => {
    tried += 1;
    const expires = Date.now() + milliseconds;
    const ttl = `${milliseconds} milliseconds`;
    const codes = await stage.database.transact((tx) => seedGrants(tx, count, ttl, `${prefix}${tried}`));
    made.push(...codes.map((grant) => ({ grant, expires })));
    return true;
  });
  return made;
}
