import { createDatabase } from "../../src/database/embedded/index.ts";
import { migrate, openDatabase } from "../../src/database/index.ts";
import { type Role, serviceCaller } from "../../src/kernel/caller.ts";
import { checkServerKeys, createToken, ensurePrincipal } from "../../src/principals/index.ts";
import { query } from "../../test/support/data-directory.ts";
import { cast, type Person, serverKeys, type Stage } from "../../test/support/service.ts";
import type { Closing } from "../closing.ts";
import type { Cluster } from "./cluster.ts";

/** A control database of its own in the cluster, with principals and tokens for the whole cast. */
export async function makeStage(closing: Closing, cluster: Cluster, name: string): Promise<Stage> {
  const { server } = cluster;
  const drop = async (): Promise<void> =>
    void (await query(cluster.superUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  closing.teardown(drop);
  await createDatabase(server, name, "countersign_owner");
  const superUrl = server.url(name);
  await query(cluster.superUrl, `GRANT CONNECT ON DATABASE ${name} TO countersign_app`);
  const { countersign_owner, countersign_app } = server.roles;
  const ownerUrl = server.url(name, { user: "countersign_owner", password: countersign_owner });
  const appUrl = server.url(name, { user: "countersign_app", password: countersign_app });
  await migrate({ ownerUrl });
  // One connection: it is used between the faults alone.
  const database = openDatabase({ url: appUrl, poolSize: 1, applicationName: "faults", onIdleError: () => undefined });
  closing.teardown(() => database.close());
  const keys = serverKeys();
  const director = serviceCaller("faults");
  const tokens = await database.transact(async (tx) => {
    await checkServerKeys(tx, keys);
    const made: Partial<Record<Person, string>> = {};
    for (const [principal, role] of Object.entries(cast) as [Person, Role][]) {
      await ensurePrincipal(tx, director, principal, [role]);
      const token = await createToken(tx, director, keys, { principal, label: "faults", ttlSeconds: 864_000 });
      made[principal] = token.token;
    }
    return made as Record<Person, string>;
  });
  return { names: { name, ownerUrl, appUrl, superUrl, drop }, database, keys, tokens };
}

/** Takes everything away that keeps a naive consume from doing harm: the guards of grants and receipts, and what they check. */
export async function disarm(stage: Stage): Promise<void> {
  const grants = "governance_build_authorization";
  const checks = ["chk_consumed_pair", "chk_consumed_in_time", "chk_revoked_pair", "chk_expired"];
  await query(
    stage.names.superUrl,
    `ALTER TABLE ${grants} DISABLE TRIGGER USER; ALTER TABLE grant_receipts DISABLE TRIGGER USER;
     ${checks.map((check) => `ALTER TABLE ${grants} DROP CONSTRAINT ${check};`).join(" ")}`,
  );
}
