import { openDatabases } from "./bootstrap/databases.ts";
import type { Config } from "./config.ts";
import { migrate, openDatabase } from "./database/index.ts";
import { cosignersOf, retainMonths, type Retained, type RetainOptions } from "./evidence/index.ts";
import { serviceCaller } from "./kernel/caller.ts";

/** Longer than it takes to read a month. */
const patienceMs = 600_000;

/** What `countersign audit retain` does, also beside services that run on the database. @throws RetentionProblem */
export async function retainOnDatabase(
  config: Config,
  options: Pick<RetainOptions, "before" | "directory" | "drop" | "keys">,
): Promise<Retained> {
  const databases = await openDatabases(config, () => undefined);
  try {
    await migrate({ ownerUrl: databases.ownerUrl });
    const owner = openDatabase({
      url: databases.ownerUrl,
      poolSize: 2,
      statementTimeoutMs: patienceMs,
      applicationName: "countersign-retain",
    });
    try {
      return await retainMonths(owner, serviceCaller("retain"), {
        ...options,
        cosigners: cosignersOf(
          config.cosignatures,
          config.witnesses.map(({ vkey }) => vkey),
        ),
      });
    } finally {
      await owner.close();
    }
  } finally {
    await databases.stop();
  }
}
