import type { Database, Tx } from "../../database/index.ts";
import { Batches, type Settled } from "../../kernel/batches.ts";
import type { Caller } from "../../kernel/caller.ts";
import { recordOf } from "../progress/note.ts";
import { type Crossing, crossBoundaries, firstAttempt } from "./store.ts";

/** A boundary that a run comes to, and in whose name. */
export interface Boundary extends Omit<Crossing, "audit"> {
  readonly caller: Caller;
}

/** State boundaries that many runs of this process come to at the same time. */
export interface Boundaries {
  /**
   * Goes on to the next state.
   * @returns the number of its attempt; undefined where nothing was changed and the run is to be looked at by itself
   * @throws ServiceProblem of the shared transaction: what became of it may be unknown
   */
  cross(boundary: Boundary): Promise<number | undefined>;
}

/** Rows of one statement: enough to share a commit well, few enough that a neighbour's locks are short. */
const most = 64;
/** One batch is on its way to the database while another is at work there. */
const lanes = 2;
/** A run has one boundary at a time, and no process works on so many runs. */
const waiting = 4_096;

/**
 * Boundaries share round trips and a commit with those that others come to meanwhile; alone, one goes at once. Each is
 * judged for itself: a run that does not simply go on changes nothing for its neighbours.
 */
export function makeBoundaries(control: Database): Boundaries {
  const batches = new Batches<Boundary, number | undefined>({
    run: (items) => control.transact((tx) => crossAll(tx, items)),
    key: (item) => item.root,
    most,
    lanes,
    waiting,
    waitingOfKey: 1,
  });
  return { cross: (boundary) => batches.add(boundary) };
}

async function crossAll(tx: Tx, boundaries: readonly Boundary[]): Promise<readonly Settled<number | undefined>[]> {
  const crossed = await crossBoundaries(tx, boundaries.map(crossingOf));
  return boundaries.map(({ root }) => ({ ok: crossed.has(root) ? firstAttempt : undefined }));
}

/** With its audit events; the database adds the number of the attempt that ended (AUDIT-1). */
function crossingOf({ caller, ...boundary }: Boundary): Crossing {
  const { root, state, detail, next } = boundary;
  const ended = recordOf(root, { event: "state_ok", state, detail });
  const begun = recordOf(root, { event: "state_started", state: next, attempt: firstAttempt });
  return { ...boundary, audit: { actor: caller.principal, requestId: caller.requestId, ended, begun } };
}
