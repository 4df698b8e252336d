import type { Database } from "../database/index.ts";
import type { Targets } from "../runs/index.ts";
import { carryDecisions } from "./decisions/carry.ts";
import { type GatewaySighting, seeGateways } from "./incidents/see.ts";
import { verifyTarget } from "./verification/verify-target.ts";

/** What the routes need of the target databases that units are in. */
export interface LifecycleServices {
  /** The names of the configured target databases. */
  readonly databases: readonly string[];
  /** @throws RunProblem TARGET_UNAVAILABLE */
  open(database: string): Promise<Database>;
  /** Carries the review decisions that their targets do not have yet; what cannot be carried now is tried again. */
  carry(): Promise<void>;
  /** Has them carried soon, without anybody waiting. */
  wake(): void;
  /** Whether the verification of a target passes now, but for what acceptance itself settles (LIFE-5). */
  passes(database: string): Promise<boolean>;
  /** How the accepted gateways look now; nothing is written (OPEN-10). */
  sightings(): Promise<readonly GatewaySighting[]>;
}

export interface LifecycleOptions {
  readonly control: Database;
  readonly targets: Targets;
  log(message: string, fields: Readonly<Record<string, unknown>>): void;
}

/** @returns the services, and `stop`, which waits for what is under way */
export function makeLifecycle(options: LifecycleOptions): LifecycleServices & { stop(): Promise<void> } {
  const { control, targets, log } = options;
  const open = (name: string): Promise<Database> => targets.open(name);
  let carrying: Promise<void> = Promise.resolve();
  /** One after the other: whoever waits for it has seen all that was recorded before. */
  const carry = (): Promise<void> => {
    carrying = carrying
      .then(() => carryDecisions({ control, open, log }))
      .catch((error: unknown) => log("review decisions could not be carried", { err: error }));
    return carrying;
  };
  return {
    databases: targets.names,
    open,
    carry,
    wake: () => void carry(),
    passes: async (database) => (await verifyTarget(control, open, database)).acceptable,
    sightings: () => seeGateways(control, open),
    stop: () => carrying,
  };
}
