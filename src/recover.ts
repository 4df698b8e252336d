import { openDatabases } from "./bootstrap/databases.ts";
import { resolveLogKey, resolveSecrets } from "./bootstrap/secrets.ts";
import type { Config } from "./config.ts";
import { type Database, migrate, openDatabase, roleToTake } from "./database/index.ts";
import {
  ensurePartitions,
  headsElsewhere,
  httpWitness,
  isLogged,
  openLog,
  parseVerifierKey,
  tellWitnessFile,
} from "./evidence/index.ts";
import { serviceCaller } from "./kernel/caller.ts";
import { checkServerKeys } from "./principals/index.ts";
import { lookAtTarget, type Recovered, type RecoverOptions, RecoveryProblem, recover } from "./recovery/index.ts";
import { openTargets } from "./runs/index.ts";

export interface RecoveryOrder {
  readonly reason: string;
  readonly restored: boolean;
  readonly nothingLost: boolean;
  /** Targets that are gone: their fences are not raised, and what ran there is not known. */
  readonly skip: readonly string[];
  /** Signed heads of the log that were kept elsewhere, and exports of it. */
  readonly heads?: readonly string[] | undefined;
}

/** Longer than any statement of a recovery takes: it reads the whole log. */
const patienceMs = 600_000;

/**
 * What `countersign recover` does, also beside services that run on the restored database.
 * @throws Problem when a target cannot be reached that is not skipped; nothing is taken back then
 */
export async function recoverDatabase(config: Config, order: RecoveryOrder): Promise<Recovered> {
  const databases = await openDatabases(config, () => undefined);
  const unknown = order.skip.filter((name) => databases.targets[name] === undefined);
  const targets = openTargets({
    urls: databases.targets,
    poolSize: 2,
    statementTimeoutMs: config.statementTimeoutMs,
    lockTimeoutMs: config.lockTimeoutMs,
  });
  let control: Database | undefined;
  try {
    if (unknown.length > 0) throw new RecoveryProblem("UNKNOWN_TARGET", `There is no target ${unknown.join(", ")}.`);
    await migrate({ ownerUrl: databases.ownerUrl });
    const role = databases.embedded ? undefined : await roleToTake(databases.appUrl);
    const url = databases.appUrl;
    control = openDatabase({ url, poolSize: 2, role, statementTimeoutMs: patienceMs, lockTimeoutMs: patienceMs });
    const { serverKeys } = await resolveSecrets(config);
    await control.transact((tx) => checkServerKeys(tx, serverKeys));
    // After a long standstill there is none for the events of this month.
    await control.transact(ensurePartitions);
    const reached = targets.names.filter((name) => !order.skip.includes(name));
    const looked = await Promise.all(reached.map(async (name) => lookAtTarget(name, await targets.open(name))));
    const log = await lookAtLog(config, control, order.heads ?? []);
    const done = await recover(control, serviceCaller("recover"), {
      ...order,
      targets: looked,
      skipped: order.skip,
      log,
    });
    // Also where it was done before: the last attempt may have ended in between.
    if (log !== undefined && config.witnessFile !== undefined) {
      await tellWitnessFile(control, config.witnessFile, log.signer);
    }
    return done;
  } finally {
    await targets.close();
    await control?.close();
    await databases.stop();
  }
}

const witnessTimeoutMs = 10_000;

/** The log's key and what others know of the log. @throws LogKeyMismatch where LOG_KEY is that of another log; nothing is taken back then */
async function lookAtLog(config: Config, control: Database, files: readonly string[]): Promise<RecoverOptions["log"]> {
  if (!(await control.transact(isLogged, { readOnly: true }))) return undefined;
  const key = await resolveLogKey(config);
  const signer = await control.transact((tx) => openLog(tx, key));
  const witnesses = config.witnesses.map(({ vkey, url }) =>
    httpWitness({ url, key: parseVerifierKey(vkey), timeoutMs: witnessTimeoutMs }),
  );
  return { signer, seen: await headsElsewhere(control, signer, { witnessFile: config.witnessFile, witnesses, files }) };
}
