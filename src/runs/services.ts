import { randomUUID } from "node:crypto";
import type { Database } from "../database/index.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import type { Sightings } from "../rehearsals/index.ts";
import { makeBoundaries } from "./boundaries/boundaries.ts";
import type { AnyBuild } from "./build.ts";
import type { Engine } from "./engine/engine.ts";
import { type Runner, startRunner } from "./engine/runner.ts";
import type { Builds } from "./input.ts";
import { see } from "./sightings.ts";
import type { Targets } from "./targets.ts";

export interface RunsOptions {
  readonly control: Database;
  readonly targets: Targets;
  readonly builds: readonly AnyBuild[];
  readonly keys: ServerKeys;
  readonly leaseSeconds: number;
  readonly retrySeconds: number;
  readonly pollMs: number;
  readonly concurrency: number;
  log(message: string, fields: Readonly<Record<string, unknown>>): void;
}

/** What the routes need of runs. */
export interface RunServices {
  readonly builds: Builds;
  /** The names of the configured target databases (RUN-7). */
  readonly targets: readonly string[];
  /** How the targets of these rehearsals look now (OPEN-1). */
  see(refs: readonly string[]): Promise<Sightings>;
  /** Has the runner look for work at once. */
  wake(): void;
}

export interface Runs extends RunServices {
  /** Begins to work on runs; until then requests are answered and nothing runs. */
  start(): void;
  stop(): Promise<void>;
}

export function makeRuns(options: RunsOptions): Runs {
  const builds = new Map(options.builds.map((build) => [build.name, build]));
  const engine: Engine = { ...options, builds, boundaries: makeBoundaries(options.control), worker: randomUUID() };
  let runner: Runner | undefined;
  return {
    builds,
    targets: options.targets.names,
    see: (refs) => (refs.length === 0 ? Promise.resolve(new Map()) : see(engine, refs)),
    wake: () => runner?.wake(),
    start() {
      runner ??= startRunner({ engine, pollMs: options.pollMs, concurrency: options.concurrency });
    },
    async stop() {
      await runner?.stop();
      runner = undefined;
    },
  };
}
