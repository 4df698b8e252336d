import type { RequestForExecution } from "../approvals/index.ts";
import type { Tx } from "../database/index.ts";
import type { Grant } from "../grants/index.ts";
import type { Caller } from "../kernel/caller.ts";
import type { Sightings } from "../rehearsals/index.ts";

/** The protocol line of a refusal. */
export type RefusalLine = `SKIP:${string}` | `FAIL:${string}`;

/** What a handler answers (APR-6). */
export type Outcome =
  | { readonly result: "OK"; readonly replayed: boolean; readonly grant: Grant }
  | { readonly result: RefusalLine };

/**
 * A handler as data: what it is called and what it does. The router finds it by its `handlerRef`, which an action type
 * names; a new one is a file here and a line in the registry.
 */
export interface Handler {
  readonly handlerRef: string;
  /** What it is for, in one line, for the documentation. */
  readonly summary: string;
  /**
   * Runs in the transaction that has the request locked; writes nothing when it refuses.
   * @param sightings how the target of the rehearsal looks that the request names (OPEN-1)
   */
  execute(tx: Tx, caller: Caller, request: RequestForExecution, sightings: Sightings): Promise<Outcome>;
}
