import { serviceCaller } from "../../kernel/caller.ts";
import { claimRuns, giveUpClaim, readInput, type RunRow } from "../store.ts";
import { drive } from "./drive.ts";
import type { Claim, Engine } from "./engine.ts";

export interface RunnerOptions {
  readonly engine: Engine;
  /** How often this process looks for runs that nobody works on. */
  readonly pollMs: number;
  /** Runs that this process works on at once. */
  readonly concurrency: number;
}

/** What works on runs in this process. Every process of the service has one, and none is the leader. */
export interface Runner {
  /** Looks for work at once. */
  wake(): void;
  /** Hands over what is under way at its next state boundary, and waits for it. */
  stop(): Promise<void>;
}

export function startRunner({ engine, pollMs, concurrency }: RunnerOptions): Runner {
  const active = new Map<string, { claim: Claim; driving: Promise<void> }>();
  const stopping = new AbortController();
  let looking: Promise<void> | undefined;
  let again = false;
  let timer: NodeJS.Timeout | undefined;

  const look = async (): Promise<void> => {
    const room = concurrency - active.size;
    if (stopping.signal.aborted || room <= 0) return;
    const runs = await engine.control.transact((tx) => claimRuns(tx, engine.worker, engine.leaseSeconds, room));
    for (const run of runs) await begin(run);
  };
  const begin = async (run: RunRow): Promise<void> => {
    const claim = await claimOf(engine, run);
    if (claim === undefined) return;
    const driving = driveOut(engine, claim).finally(() => {
      active.delete(run.idempotency_root);
      wake();
    });
    active.set(run.idempotency_root, { claim, driving });
  };
  const wake = (): void => {
    if (stopping.signal.aborted) return;
    again = true;
    looking ??= (async () => {
      while (again && !stopping.signal.aborted) {
        again = false;
        await look().catch((error: unknown) => engine.log("looking for runs failed", { err: error }));
      }
    })().finally(() => {
      looking = undefined;
      schedule();
    });
  };
  const schedule = (): void => {
    clearTimeout(timer);
    if (stopping.signal.aborted) return;
    timer = setTimeout(wake, pollMs * (0.75 + Math.random() / 2));
    timer.unref();
  };
  wake();
  return {
    wake,
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await looking;
      for (const { claim } of active.values()) claim.draining = true;
      await Promise.allSettled([...active.values()].map(({ driving }) => driving));
    },
  };
}

async function claimOf(engine: Engine, run: RunRow): Promise<Claim | undefined> {
  const build = engine.builds.get(run.build);
  if (build === undefined) {
    // Another version of the service may know it; this one leaves it alone.
    engine.log("a run is of a build that this service does not know", { root: run.idempotency_root, build: run.build });
    return undefined;
  }
  const input = await engine.control.transact((tx) => readInput(tx, run.idempotency_root), { readOnly: true });
  return {
    root: run.idempotency_root,
    claimNo: run.claim_no,
    build,
    input,
    run,
    caller: { ...serviceCaller("runner"), principal: run.executor, requestId: run.request_id },
    fence: undefined,
    markers: undefined,
    unmoved: false,
    over: new AbortController(),
    draining: false,
  };
}

async function driveOut(engine: Engine, claim: Claim): Promise<void> {
  try {
    const driven = await drive(engine, claim);
    if (driven === "handed-over") await engine.control.transact((tx) => giveUpClaim(tx, claim.root, claim.claimNo, 0));
  } catch (error) {
    engine.log("a run was left to whoever takes it up next", { root: claim.root, err: error });
  }
}
