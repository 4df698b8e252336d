import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { query } from "../test/support/data-directory.ts";
import { digestsOf } from "../test/support/runs.ts";
import type { CheckName } from "./checks/checks.ts";
import { judge, type Violation, type Witness, witnessLog } from "./checks/judge.ts";
import { layBaits } from "./client/baits.ts";
import { Client } from "./client/client.ts";
import { type Entry, Journal } from "./client/journal.ts";
import { runInput, startLanes, type Workload } from "./client/lanes.ts";
import { operations } from "./client/requests.ts";
import type { Kind } from "./kinds/index.ts";
import { eventually } from "./scene/patience.ts";
import type { Scene } from "./scene/scene.ts";
import { Seeded } from "./seeded.ts";

export interface RoundOptions {
  /** Unlike that of any other round on the same database. */
  readonly name: string;
  readonly seed: number;
  /** How many times the fault strikes. */
  readonly injections: number;
  /** Where its journal is kept. */
  readonly folder: string;
  /** How the audit log looked after an earlier round. */
  readonly witness?: Witness | undefined;
}

export interface RoundResult {
  readonly injections: number;
  readonly operations: number;
  readonly acknowledged: number;
  /** Attempts without a definite answer. */
  readonly unknown: number;
  readonly violations: readonly Violation[];
  readonly journal: string;
  readonly witness: Witness | undefined;
}

/** Plays one round: work, faults while it goes on, the end of all that, what is uncertain asked again, and the checks. */
export async function playRound(scene: Scene, kind: Kind, options: RoundOptions): Promise<RoundResult> {
  const random = new Seeded(options.seed);
  const journal = new Journal(path.join(options.folder, `${options.name}.jsonl`));
  const client = newClient(scene, journal, random, options.name);
  journal.write({ noted: "began", said: { kind: kind.name, seed: options.seed, naive: scene.naive } });
  const trouble: Violation[] = [];
  try {
    await playFaults(scene, kind, client, { ...options, random, journal });
    await settle(scene, client);
    journal.write({ noted: "settled", said: {} });
  } catch (error) {
    trouble.push({ check: "well", what: causes(error) });
  }
  for (const { deaths } of scene.slots) trouble.push(...deaths.splice(0).map(wellViolation));
  const entries = journal.entries();
  const found = await judge(scene.stage.names.superUrl, entries, options.witness);
  const inspected = (await kind.inspect?.(scene)) ?? [];
  const violations = [...trouble, ...found, ...inspected];
  journal.write({ noted: "judged", said: { violations } });
  const witness = await witnessLog(scene.stage.names.superUrl);
  journal.write({ noted: "witnessed", said: { ...witness } });
  journal.close();
  const counted = count(entries);
  return { ...counted, violations, journal: journal.file, witness };
}

function newClient({ slots }: Scene, journal: Journal, random: Seeded, prefix: string): Client {
  const services = slots.map((slot) => slot.service());
  const isCut = (requestId: string): boolean => slots.some(({ front }) => front.cutShort.has(requestId));
  return new Client({ journal, services, isCut, random, prefix });
}

const wellViolation = (what: string): { check: CheckName; what: string } => ({ check: "well", what });

async function playFaults(
  scene: Scene,
  kind: Kind,
  client: Client,
  { random, journal, injections, name }: RoundOptions & { random: Seeded; journal: Journal },
): Promise<void> {
  await freeTarget(scene, client);
  const digests = await digestsOf(scene.slots[0].service(), runInput);
  let over = false;
  const work: Workload = {
    client,
    random,
    lasting: [],
    passing: [],
    digests,
    gentle: scene.naive,
    struck: kind.caughtBy.length > 0,
    over: () => over,
  };
  const doings = (kind.workload?.start ?? startLanes)(work, scene);
  const settingOut = kind.workload?.before ?? bait;
  try {
    for (let number = 1; number <= injections; number += 1) {
      await pause(random.between(50, 150));
      doings.push(...(await settingOut(work, scene, `${name}-${number}`)));
      journal.write({ noted: "struck", said: { number } });
      const said = await kind.strike(scene, random);
      journal.write({ noted: "healed", said: { number, fault: said } });
    }
    await scene.well();
    journal.write({ noted: "well", said: {} });
    // All is well again: what comes now passes as ever.
    await pause(100);
  } finally {
    over = true;
    await Promise.all(doings);
  }
}

/** The fault is to strike while uses are under way; those of the control are once the first of them is acknowledged. */
async function bait(work: Workload, { stage, naive }: Scene, name: string): Promise<Promise<unknown>[]> {
  const { taken, all } = await layBaits(stage, work, name);
  await Promise.race([taken, pause(naive ? 700 : work.random.between(1, 40))]);
  return [all];
}

/** The one live grant that the build's target may have: what a former round has left there. */
async function freeTarget(scene: Scene, client: Client): Promise<void> {
  const rows = await query(
    scene.stage.names.superUrl,
    "SELECT auth_code FROM governance_build_authorization WHERE status IN ('draft', 'active') AND scope ->> 'target' = 'DOT_C1_VOCAB_BUILD'",
  );
  for (const { auth_code } of rows) await client.perform(operations.revoke(client, String(auth_code)));
}

/** Waits until nothing is under way any more, asks again what is uncertain, and waits for the runs. */
async function settle(scene: Scene, client: Client): Promise<void> {
  await scene.well();
  // What the naive consume does after its answer, it ends by itself; the service does nothing after it.
  if (scene.naive) await pause(600);
  // A hold that was left standing would refuse what is asked again.
  await client.settle(["hold", "lift"]);
  const standing = await query(scene.stage.names.superUrl, "SELECT id FROM registration_holds WHERE lifted_at IS NULL");
  for (const { id } of standing) await client.perform(operations.lift(client, String(id)));
  await client.settle();
  // What the control is to be caught by, its runs have done by now.
  if (scene.naive) return;
  await eventually("every run has ended", async () => {
    const rows = await query(scene.stage.names.superUrl, "SELECT FROM c1_build_run WHERE finished_at IS NULL");
    return rows.length === 0;
  });
}

function count(entries: readonly Entry[]) {
  const known = new Map<string, string>();
  let unknown = 0;
  let injections = 0;
  for (const entry of entries) {
    if ("asked" in entry && !known.has(entry.asked)) known.set(entry.asked, "unknown");
    if ("noted" in entry && entry.noted === "healed") injections += 1;
    if (!("answered" in entry)) continue;
    if (entry.outcome === "unknown") unknown += 1;
    if (known.get(entry.answered) !== "ok") known.set(entry.answered, entry.outcome);
  }
  const acknowledged = [...known.values()].filter((outcome) => outcome === "ok").length;
  return { injections, operations: known.size, acknowledged, unknown };
}

/** What an error says, with what lies behind it. */
function causes(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${causes(error.cause)}`;
}
