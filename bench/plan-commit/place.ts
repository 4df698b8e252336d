import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import pg from "pg";
import { buildApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { createDatabase, type EmbeddedServer } from "../../src/database/embedded/index.ts";
import { migrate, openDatabase } from "../../src/database/index.ts";
import { type Role, serviceCaller } from "../../src/kernel/caller.ts";
import { checkServerKeys, createToken, ensurePrincipal } from "../../src/principals/index.ts";
import { cast, type Person, type Service, serverKeys, serviceAt, syncSecret } from "../../test/support/service.ts";

/** A target of its own with a service before it, as a user has them: fsync on, every setting as it comes. */
export interface Place {
  readonly service: Service;
  readonly targetUrl: string;
  /** Where the backups go. */
  readonly directory: string;
  close(): Promise<void>;
}

/** A database with the tables that the step writes to, and what else there is to be. @returns its owner's URL */
export async function makeTarget(server: EmbeddedServer, name: string, more: readonly string[]): Promise<string> {
  const owner = "countersign_target";
  await createDatabase(server, name, owner);
  const url = server.url(name, { user: owner, password: server.roles.countersign_target });
  const fixture = await readFile(new URL("../../plans/fixtures/phase-1.sql", import.meta.url), "utf8");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const text of [fixture, ...more]) await client.query(text);
  } finally {
    await client.end();
  }
  // The planner is to know what is there, as it does in a database that has been in use for a while.
  const superuser = new pg.Client({ connectionString: server.url(name) });
  await superuser.connect();
  await superuser.query("VACUUM ANALYZE");
  await superuser.end();
  return url;
}

/** Every place has a control database as well, so that none finds more in it than another. */
export async function makePlace(server: EmbeddedServer, name: string, targetUrl: string): Promise<Place> {
  const control = `control_${name}`;
  await createDatabase(server, control, "countersign_owner");
  const grant = new pg.Client({ connectionString: server.url(control) });
  await grant.connect();
  await grant.query(`GRANT CONNECT ON DATABASE ${control} TO countersign_app`);
  await grant.end();
  const { countersign_owner, countersign_app } = server.roles;
  await migrate({ ownerUrl: server.url(control, { user: "countersign_owner", password: countersign_owner }) });
  const directory = await mkdtemp(path.join(os.tmpdir(), "countersign-bench-backups-"));
  const appUrl = server.url(control, { user: "countersign_app", password: countersign_app });
  // A pg_dump of another version than the server's would be refused, and the script takes none either.
  const config = readConfig({ BACKUP_DIR: directory, PG_DUMP: "no-pg-dump", MAX_EVENT_LOOP_DELAY_MS: "0" });
  const database = openDatabase({ url: appUrl, poolSize: config.poolSize });
  const keys = serverKeys();
  const tokens = await database.transact(async (tx) => {
    await checkServerKeys(tx, keys);
    const made: Partial<Record<Person, string>> = {};
    const director = serviceCaller("bench");
    for (const [principal, role] of Object.entries(cast) as [Person, Role][]) {
      await ensurePrincipal(tx, director, principal, [role]);
      const token = await createToken(tx, director, keys, { principal, label: "bench", ttlSeconds: 86_400 });
      made[principal] = token.token;
    }
    return made as Record<Person, string>;
  });
  const app = buildApp({ config, database, serverKeys: keys, syncSecret, targets: { default: targetUrl } });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return {
    service: serviceAt(url, tokens),
    targetUrl,
    directory,
    async close() {
      await app.close();
      await database.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
