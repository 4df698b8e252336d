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
    const known = [...engine.builds.keys()];
    const runs = await engine.control.transact((tx) => claimRuns(tx, engine.worker, engine.leaseSeconds, room, known));
    // One that cannot be begun is given back; the others have nothing to do with it.
    for (const run of runs) await begin(run).catch((error: unknown) => giveBack(engine, run, error));
  };
  const begin = async (run: RunRow): Promise<void> => {
    const claim = await claimOf(engine, run);
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

async function giveBack(engine: Engine, run: RunRow, error: unknown): Promise<void> {
  engine.log("a run could not be begun", { root: run.idempotency_root, err: error });
  await engine.control.transact((tx) => giveUpClaim(tx, run.idempotency_root, run.claim_no, 1));
}

async function claimOf(engine: Engine, run: RunRow): Promise<Claim> {
  const build = engine.builds.get(run.build);
  if (build === undefined) throw new Error(`${run.build} is no build of this service`);
  const input = await engine.control.transact((tx) => readInput(tx, run.idempotency_root), {
    readOnly: true,
    single: true,
  });
  return {
    root: run.idempotency_root,
    claimNo: run.claim_no,
    build,
    input: input as never,
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
