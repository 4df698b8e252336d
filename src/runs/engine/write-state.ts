import { holdFence } from "../../leases/index.ts";
import type { Detail, WriteState, Work } from "../build.ts";
import { findMarker, insertMarker } from "../markers/store.ts";
import { type Attempted, attempts } from "./attempts.ts";
import type { Claim, Engine } from "./engine.ts";
import { fenceOf, raised, requireUnmovedTarget } from "./raise.ts";

/** What a state of the build works with, in this transaction of the target. */
export function workOf(claim: Claim, target: Work["target"]): Work<never> {
  const { root, run } = claim;
  return { target, root, authCode: run.auth_code, bindings: run.bindings, input: claim.input };
}

/**
 * One state of a commit-mode run: its write, its verification, its marker and its event are one transaction of the
 * target, under the fence (RUN-2, LEASE-2, OPEN-9). A marker that is there already says that the state is done.
 */
export function writeState(
  engine: Engine,
  claim: Claim,
  state: WriteState<never>,
  first: number,
): Promise<Attempted<unknown>> {
  const what = { direction: "forward", state: state.state, compensation: null } as const;
  return attempts(engine, claim, what, first, async (attempt, again) => {
    const target = await engine.targets.open(claim.run.database);
    const found = await raised(claim, target);
    const before = found.find((one) => one.direction === "forward" && one.state === state.state);
    if (before !== undefined) return { ...(before.event as Detail), read_back: true };
    const event = await target.transact(
      async (tx) => {
        await holdFence(tx, fenceOf(claim));
        const committed = again ? await findMarker(tx, claim.root, "forward", state.state) : undefined;
        if (committed !== undefined) return { ...(committed.event as Detail), read_back: true };
        if (!claim.unmoved) await requireUnmovedTarget(engine, claim, tx, found);
        const work = workOf(claim, tx);
        const done = { ...(await state.action(work)), ...(await state.verify(work)) };
        await mark(claim, tx, { direction: "forward", state: state.state, attempt }, done);
        return done;
      },
      // The fence is the first to be asked for, and asking changes nothing.
      { fresh: claim.build.ownConnection === true, readsFirst: true },
    );
    claim.unmoved = true;
    return event;
  });
}

/** The undoing of a state, with its own marker: a second time it finds that and does nothing (OPEN-2). */
export function undoState(
  engine: Engine,
  claim: Claim,
  state: WriteState<never>,
  first: number,
): Promise<Attempted<unknown>> {
  const what = { direction: "undo", state: state.state, compensation: state.compensation } as const;
  return attempts(engine, claim, what, first, async (attempt) => {
    const target = await engine.targets.open(claim.run.database);
    await raised(claim, target);
    return target.transact(
      async (tx) => {
        await holdFence(tx, fenceOf(claim));
        const committed = await findMarker(tx, claim.root, "undo", state.state);
        if (committed !== undefined) return committed.event;
        const stands = (await findMarker(tx, claim.root, "forward", state.state)) !== undefined;
        const done = await state.undo({ ...workOf(claim, tx), stands });
        await mark(claim, tx, { direction: "undo", state: state.state, attempt }, done);
        return done;
      },
      { fresh: claim.build.ownConnection === true, readsFirst: true },
    );
  });
}

async function mark(
  claim: Claim,
  tx: Work["target"],
  what: { direction: "forward" | "undo"; state: string; attempt: number },
  event: Detail,
): Promise<void> {
  const { leaseName, fencingToken } = fenceOf(claim);
  const fingerprint = await claim.build.fingerprint(tx, claim.input);
  await insertMarker(tx, { root: claim.root, ...what, leaseName, fencingToken, fingerprint, event });
}
