import type { FastifyBaseLogger } from "fastify";
import { type Clock, startClock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database/index.ts";
import type { LogWatch } from "./log-watch.ts";
import {
  fileWitnessOf,
  httpWitness,
  LogFault,
  type LogSigner,
  makeLogKeeper,
  parseVerifierKey,
  type Witness,
} from "./evidence/index.ts";

export interface SealerOptions {
  readonly config: Pick<Config, "sealIntervalMs" | "witnessFile" | "witnesses">;
  readonly database: Database;
  /** Without it nothing is sealed here. */
  readonly signer: LogSigner | undefined;
  /** Takes note of what is found. */
  readonly watch: LogWatch;
  readonly log: FastifyBaseLogger;
}

const witnessTimeoutMs = 10_000;
const restMs = 60_000;

/** Puts audit events into the log every so often, in every service process at once: one of them does it (AUDIT-2). */
export function startSealer({ config, database, signer, watch, log }: SealerOptions): Clock {
  if (signer === undefined)
    return startClock(
      0,
      () => Promise.resolve(),
      () => undefined,
    );
  const asked: Witness[] = config.witnesses.map(({ vkey, url }) =>
    httpWitness({ url, key: parseVerifierKey(vkey), timeoutMs: witnessTimeoutMs }),
  );
  if (config.witnessFile !== undefined) asked.push(fileWitnessOf(config.witnessFile, signer));
  const witnesses = asked.map((witness) => watch.watched(witness));
  const onError = (error: unknown, what: string): void => {
    if (error instanceof LogFault) {
      watch.noticed(error);
      log.error({ err: error, code: error.code, what }, "the audit log was changed");
    } else log.warn({ err: error, what }, "the audit log could not be kept");
  };
  const keeper = makeLogKeeper({ database, signer, witnesses, witnessFile: config.witnessFile, restMs, onError });
  const every = (work: (stopped: () => boolean) => Promise<void>, what: string): Clock =>
    startClock(config.sealIntervalMs, work, (error) => onError(error, what));
  // A witness that is slow, or hangs, keeps neither the log nor another witness.
  const clocks = [
    every((stopped) => keeper.seal(stopped), "log"),
    ...witnesses.map((witness) => every(() => keeper.show(witness), witness.name)),
  ];
  return { stop: async () => void (await Promise.all(clocks.map((clock) => clock.stop()))) };
}
