import type { Database } from "../../database/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import type { ServerKeys } from "../../kernel/server-keys.ts";
import type { Fence } from "../../leases/index.ts";
import type { Boundaries } from "../boundaries/boundaries.ts";
import type { AnyBuild, StateDeclaration, WriteState } from "../build.ts";
import type { MarkerRow } from "../markers/store.ts";
import type { RunRow } from "../store.ts";
import type { Targets } from "../targets.ts";

/** What the engine works with. It knows states and markers, and nothing of what is built. */
export interface Engine {
  readonly control: Database;
  readonly targets: Targets;
  /** Where runs that simply go on meet. */
  readonly boundaries: Boundaries;
  readonly builds: ReadonlyMap<string, AnyBuild>;
  readonly keys: ServerKeys;
  /** This process, among those that share the control database. */
  readonly worker: string;
  /** How long a claim and its lease last without a heartbeat. */
  readonly leaseSeconds: number;
  /** How long transient faults of one state are retried before they count as a failure. */
  readonly retrySeconds: number;
  log(message: string, fields: Readonly<Record<string, unknown>>): void;
}

/** A run in the hands of this process. */
export interface Claim {
  readonly root: string;
  readonly claimNo: string;
  readonly build: AnyBuild;
  /** Examined when the run was started: the build's own. */
  readonly input: never;
  /** The run as it was claimed; what changes later is read again in each transaction. */
  readonly run: RunRow;
  readonly caller: Caller;
  /** Once the lease is ours. */
  fence: Fence | undefined;
  /** The markers that were found when the fence was raised in the target; undefined until it was. */
  markers: readonly MarkerRow[] | undefined;
  /** Whether the target was found as it should be, in a transaction that was committed. */
  unmoved: boolean;
  /** Aborted when another has the run, or when this process is to hand it over. */
  readonly over: AbortController;
  /** Whether the run is handed over at its next state boundary: the process drains. */
  draining: boolean;
}

/** The lease that this run works under. */
export function leaseNameOf(claim: Claim): string {
  return claim.build.leaseFor?.(claim.input) ?? claim.build.leaseName;
}

/** The run is another's by now: nothing more is written for it here. */
export class ClaimLost extends Error {}

/** This process drains: the run goes on elsewhere. */
export class HandedOver extends Error {}

export type AnyState = StateDeclaration;

export function stateOf(build: AnyBuild, state: string): AnyState {
  const found = build.states.find((one) => one.state === state);
  if (found === undefined) throw new Error(`${build.name} has no state ${state}`);
  return found;
}

/** The state after the last one that is done. */
export function nextState(build: AnyBuild, lastOk: string | null): AnyState | undefined {
  const position = lastOk === null ? -1 : build.states.findIndex((one) => one.state === lastOk);
  return build.states[position + 1];
}

export function writeStates(build: AnyBuild): WriteState<never>[] {
  return build.states.filter((one): one is WriteState<never> => one.kind === "write");
}

/**
 * What undoes the completed states, the latest first; a compensation that stands for several is named once (OPEN-2).
 * @param lastOk the last state that is done
 */
export function undoPlanOf(build: AnyBuild, lastOk: string | null): { state: string; compensation: string }[] {
  const done = build.states.slice(0, build.states.findIndex((one) => one.state === lastOk) + 1);
  const plan: { state: string; compensation: string }[] = [];
  for (const { state, compensation, kind } of done.toReversed()) {
    if (kind === "write" && !plan.some((one) => one.compensation === compensation)) plan.push({ state, compensation });
  }
  return plan;
}
