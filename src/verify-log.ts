import { openDatabases } from "./bootstrap/databases.ts";
import type { Config } from "./config.ts";
import { openDatabase } from "./database/index.ts";
import { type ExportVerdict, parseVerifierKey, verifyLog } from "./evidence/index.ts";

/** What `countersign audit verify --database` does: reads the whole log where it is, also beside services that run on it. */
export async function verifyOnDatabase(
  config: Config,
  keys: readonly string[],
  earlier: readonly string[],
  files: readonly string[] = [],
): Promise<ExportVerdict> {
  const databases = await openDatabases(config, () => undefined);
  try {
    const database = openDatabase({
      url: databases.ownerUrl,
      poolSize: 1,
      statementTimeoutMs: 60_000,
      applicationName: "countersign-verify",
    });
    try {
      return await verifyLog(database, keys.map(parseVerifierKey), earlier, files);
    } finally {
      await database.close();
    }
  } finally {
    await databases.stop();
  }
}
