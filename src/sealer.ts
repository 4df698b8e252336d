import type { FastifyBaseLogger } from "fastify";
import { type Clock, startClock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database/index.ts";
import {
  fileWitness,
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
  readonly log: FastifyBaseLogger;
}

const witnessTimeoutMs = 10_000;

/** Puts audit events into the log every so often, in every service process at once: one of them does it (AUDIT-2). */
export function startSealer({ config, database, signer, log }: SealerOptions): Clock {
  if (signer === undefined)
    return startClock(
      0,
      () => Promise.resolve(),
      () => undefined,
    );
  const witnesses: Witness[] = config.witnesses.map(({ vkey, url }) =>
    httpWitness({ url, key: parseVerifierKey(vkey), timeoutMs: witnessTimeoutMs }),
  );
  if (config.witnessFile !== undefined) witnesses.push(fileWitness(config.witnessFile, signer.key));
  const onError = (error: unknown, what: string): void => {
    if (error instanceof LogFault) log.error({ err: error, code: error.code, what }, "the audit log was changed");
    else log.warn({ err: error, what }, "the audit log could not be kept");
  };
  const keeper = makeLogKeeper({ database, signer, witnesses, onError });
  return startClock(
    config.sealIntervalMs,
    (stopped) => keeper.keep(stopped),
    (error) => onError(error, "log"),
  );
}
