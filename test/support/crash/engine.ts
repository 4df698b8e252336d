import { openDatabase } from "../../../src/database/index.ts";
import { ServerKeys } from "../../../src/kernel/server-keys.ts";
import { lifecycleBuilds } from "../../../src/lifecycle/index.ts";
import { stepBuilds } from "../../../src/plans/index.ts";
import { builds, makeRuns, openTargets } from "../../../src/runs/index.ts";
import { tally } from "./tally.ts";

export interface EnginePlace {
  readonly controlUrl: string;
  readonly targetUrl: string;
  /** Where the backups of plans go. */
  readonly backups: string;
}

export interface EngineOptions {
  readonly leaseSeconds: number;
  readonly pollMs: number;
  /** How long transient faults of a state are retried; 30 if absent. */
  readonly retrySeconds?: number;
  /** Works with the build of `tally.ts` in place of those that ship. */
  readonly tally?: boolean;
}

/** Backups go without pg_dump here: it is a process of its own, and none of the statements. */
export const noDump = "/nowhere/pg_dump";

/** The tokens of the leases that runs take are shown to nobody, so any key will do. */
const keys = new ServerKeys([{ id: "k1", secret: Buffer.alloc(32, 7) }]);

/**
 * What works on runs in a service, as src/app.ts puts it together, without the HTTP side.
 * @returns ends it
 */
export function startEngine(
  { controlUrl, targetUrl, backups }: EnginePlace,
  options: EngineOptions,
): () => Promise<void> {
  const control = openDatabase({ url: controlUrl, poolSize: 3 });
  const targets = openTargets({
    urls: { default: targetUrl },
    poolSize: 2,
    statementTimeoutMs: 5_000,
    lockTimeoutMs: 3_000,
  });
  const steps = stepBuilds({
    directory: backups,
    pgDump: noDump,
    dumpTimeoutMs: 1_000,
    environment: {},
    url: () => targetUrl,
  });
  const runs = makeRuns({
    control,
    targets,
    builds: options.tally === true ? [tally] : [...builds, ...lifecycleBuilds, ...steps],
    keys,
    leaseSeconds: options.leaseSeconds,
    retrySeconds: options.retrySeconds ?? 30,
    pollMs: options.pollMs,
    concurrency: 1,
    log: () => undefined,
  });
  runs.start();
  return async () => {
    await runs.stop();
    await targets.close();
    await control.close();
  };
}
