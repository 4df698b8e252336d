import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Owner } from "../service.ts";
import { spawnNode, startedWith } from "../started.ts";
import { compiledIn } from "./actors.ts";
import type { Options } from "./options.ts";
import { ordersVariable } from "./orders.ts";
import { type Copy, copyScene, endOf, type End, lapse, placeOf } from "./play.ts";
import type { Held, RelentlessOrders } from "./relentless-orders.ts";
import type { Scene } from "./scene.ts";
import type { Moment } from "./statements.ts";

const relentless = fileURLToPath(new URL("relentless.ts", import.meta.url));
const moments = ["before", "during", "after"] as const satisfies readonly Moment[];

/** Where a process was killed; `state` is the last that was finished when it took the run up. */
export interface Kill extends Held {
  readonly state: string;
}

/** A run that was killed again and again: how often and where, and how it ended. */
export interface Killed {
  readonly kills: readonly Kill[];
  readonly end: End;
}

/** What is done to a run whose last finished state this is. */
export interface Stage {
  /** A process is killed at this one of its statements at the latest, which is hardly enough for the next state. */
  readonly reach: number;
  /** After so many kills here it is killed a little later, so that it comes through. */
  readonly kills: number;
}

export interface Relentlessness {
  /** Runs that go side by side, each on databases of its own. */
  readonly runs: number;
  /** By the last finished state, or "none"; the last of them is never left before all kills are done. */
  readonly stages: ReadonlyMap<string, Stage>;
}

interface Play {
  readonly copy: Copy;
  readonly kills: Kill[];
}

/**
 * Has one process after the other work on the same runs, and kills each at random points, until every run has lost enough
 * of them and has ended by itself.
 */
export async function killAgain(t: Owner, scene: Scene, how: Relentlessness, options: Options): Promise<Killed[]> {
  const plays: Play[] = [];
  for (let n = 0; n < how.runs; n += 1) plays.push({ copy: await copyScene(t, scene), kills: [] });
  for (let left = plays; left.length > 0; left = await unended(left)) await playRound(t, scene, left, how, options);
  return Promise.all(plays.map(async ({ copy, kills }) => ({ kills, end: await endOf(copy) })));
}

async function playRound(
  t: Owner,
  { folder }: Scene,
  plays: readonly Play[],
  how: Relentlessness,
  { random, pick }: Options,
): Promise<void> {
  const victims: RelentlessOrders["victims"][number][] = [];
  const states: string[] = [];
  for (const { copy, kills } of plays) {
    // Every other one finds the lease of the dead still held, and adopts it.
    if (kills.length > 0) await lapse(copy, random() < 0.5);
    const state = await stateOf(copy);
    states.push(state);
    victims.push({ ...placeOf(copy), number: nextPoint(kills, state, how, random), moment: pick(moments) });
  }
  const held = await playRelentless(t, folder, { victims });
  for (const [at, one] of held.entries())
    if (!one.ended) plays[at]?.kills.push({ ...one, state: states[at] ?? "none" });
}

async function stateOf({ watch }: Copy): Promise<string> {
  const { rows } = await watch.query<{ state: string }>(
    "SELECT coalesce(last_ok_state, 'none') AS state FROM c1_build_run",
  );
  return rows[0]?.state ?? "none";
}

/** By so many statements a process is let through further each time, once a stage has had its kills. */
const further = 2;

/** The statement that the next process on a run is killed at. */
function nextPoint(kills: readonly Kill[], state: string, { stages }: Relentlessness, random: () => number): number {
  const due = [...stages.values()].reduce((sum, one) => sum + one.kills, 0);
  const stage = stages.get(state);
  if (kills.length >= due || stage === undefined) return Number.MAX_SAFE_INTEGER;
  const here = kills.filter((one) => one.state === state).length;
  const over = here - stage.kills;
  if (over < 0 || state === [...stages.keys()].at(-1)) return 1 + Math.floor(random() * stage.reach);
  return stage.reach + 1 + Math.floor(random() * further * (over + 1));
}

async function unended(plays: readonly Play[]): Promise<Play[]> {
  const over = await Promise.all(
    plays.map(async ({ copy }) => {
      const { rows } = await copy.watch.query<{ status: string }>("SELECT status FROM c1_build_run");
      return rows.every(({ status }) => status === "succeeded" || status === "stopped");
    }),
  );
  return plays.filter((_, at) => !over[at]);
}

async function playRelentless(t: Owner, folder: string, orders: RelentlessOrders): Promise<Held[]> {
  const child = spawnNode([relentless], {
    stdio: ["ignore", "pipe", "pipe"],
    env: startedWith({ ...compiledIn(folder), [ordersVariable]: JSON.stringify(orders) }),
  });
  t.teardown(async () => void child.kill("SIGKILL"));
  let said = "";
  let complained = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complained += text));
  // not a sleep: the longest that a process may take to come to its end
  const late = AbortSignal.timeout(30_000);
  await once(child, "close", { signal: late }).catch(() => {
    throw new Error("the process has not come to its points in 30 s");
  });
  if (child.signalCode !== "SIGKILL" || complained !== "") throw new Error(`exit ${child.exitCode}: ${complained}`);
  return JSON.parse(said) as Held[];
}
