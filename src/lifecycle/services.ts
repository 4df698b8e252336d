import type { Database } from "../database/index.ts";
import type { Targets } from "../runs/index.ts";
import { carryAll, carryDecisions } from "./decisions/carry.ts";
import type { Acceptability } from "./gateway/baselines/take.ts";
import { type GatewaySighting, seeGateways } from "./incidents/see.ts";
import { verifyTarget } from "./verification/verify-target.ts";

/** What the routes need of the target databases that units are in. */
export interface LifecycleServices {
  /** The names of the configured target databases. */
  readonly databases: readonly string[];
  /** @throws RunProblem TARGET_UNAVAILABLE */
  open(database: string): Promise<Database>;
  /** Carries the review decisions that a target does not have yet; what cannot be carried now is tried again. */
  carry(database: string): Promise<void>;
  /** Has them carried soon, without anybody waiting. */
  wake(): void;
  /** Has all of them carried, and waits for it. */
  carryAll(): Promise<void>;
  /** Whether the verification of a target passes now, but for what acceptance itself settles (LIFE-5). */
  passes(database: string): Promise<Acceptability>;
  /** How the accepted gateways look now; nothing is written (OPEN-10). */
  sightings(): Promise<readonly GatewaySighting[]>;
}

export interface LifecycleOptions {
  readonly control: Database;
  readonly targets: Targets;
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** @returns the services, and `stop`, which waits for what is under way */
export function makeLifecycle(options: LifecycleOptions): LifecycleServices & { stop(): Promise<void> } {
  const { control, targets, log } = options;
  const open = (name: string): Promise<Database> => targets.open(name);
  const failed = (error: unknown): void => log("review decisions could not be carried", { err: error });
  const under = new Set<Promise<void>>();
  const tracked = (work: Promise<void>): Promise<void> => {
    const done = work.catch(failed).finally(() => under.delete(done));
    under.add(done);
    return done;
  };
  const carry = (database: string): Promise<void> => tracked(carryDecisions({ control, open, log }, database));
  const carryAllNow = (): Promise<void> => tracked(carryAll({ control, open, log }));
  return {
    databases: targets.names,
    open,
    carry,
    carryAll: carryAllNow,
    wake: () => void carryAllNow(),
    passes: (database) => verifyTarget(control, open, database),
    sightings: () => seeGateways(control, open),
    stop: async () => void (await Promise.all(under)),
  };
}
