import type { EnginePlace } from "./engine.ts";
import type { Death } from "./statements.ts";

/** What a process of a crash test is told to do beside its work. */
export interface Orders {
  /** Writes each statement of the run down in this file, a line of JSON each. */
  readonly record?: string;
  /** Kills the process at this statement. */
  readonly die?: Death;
  /** Stops the process (SIGSTOP) once the `nth` statement with this text to this database was answered. */
  readonly stop?: { readonly database: string; readonly text: string; readonly nth: number };
  /** Plays an engine that writes each marker in a transaction of its own, after the state's: what ours must not be. */
  readonly naive?: boolean;
  /** Works with the build of `tally.ts` in place of those that ship. */
  readonly tally?: boolean;
  /** Milliseconds before each statement of a run, so that it takes long enough to be fought over. */
  readonly pace?: number;
  /** Writes the name under which this process claims runs into this file. */
  readonly worker?: string;
}

/** What `victims.ts` is told: several engines in one process, which dies once each has come to its point. */
export interface VictimOrders extends Pick<Orders, "naive" | "tally"> {
  readonly victims: readonly (EnginePlace & { readonly die: Death })[];
}

export const ordersVariable = "CRASH_ORDERS";

/** The statement with which a process looks for runs and takes them up. */
export const claims = /claim_no = claim_no \+ 1/;
