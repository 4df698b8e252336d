import { randomBytes } from "node:crypto";
import pg from "pg";
import type { TestDatabase } from "../cluster.ts";
import { ask, type Target } from "../runs.ts";
import type { Owner } from "../service.ts";

/** What makes and drops the databases of one test: a superuser's connection, since a new one costs more than what it does. */
export interface Maker {
  /** The database that the names and URLs of the others are made after. */
  readonly original: TestDatabase;
  readonly client: pg.Client;
}

/** @param original a database of the cluster that stays until the test's end */
export async function openMaker(t: Owner, original: TestDatabase): Promise<Maker> {
  const client = new pg.Client({ connectionString: urlTo(original.superUrl, "postgres") });
  await client.connect();
  t.teardown(() => client.end());
  return { original, client };
}

/**
 * A copy of the whole original, a control database, for one play: with the same grants, runs and tokens, so that two plays
 * can be compared byte for byte. Nobody may be connected to the original.
 */
export function copyDatabase(t: Owner, maker: Maker): Promise<TestDatabase> {
  return makeDatabase(t, maker, maker.original.name);
}

/** An empty target database in the same cluster, or a copy of one. */
export async function emptyTarget(t: Owner, maker: Maker, template = "template1"): Promise<Target> {
  const { ownerUrl, superUrl } = await makeDatabase(t, maker, template);
  return { url: ownerUrl, superUrl, query: (text, values) => ask(superUrl, text, values) };
}

async function makeDatabase(t: Owner, { original, client }: Maker, template: string): Promise<TestDatabase> {
  const name = original.name.replace(/[0-9a-f]{8}$/, randomBytes(4).toString("hex"));
  // Through the log: a copy of files waits for two checkpoints, and they take long while others are at work.
  await client.query(`CREATE DATABASE ${name} OWNER countersign_owner TEMPLATE ${template} STRATEGY wal_log`);
  const drop = async (): Promise<void> => {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
  t.teardown(drop);
  await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
  await client.query(`GRANT CONNECT ON DATABASE ${name} TO countersign_app`);
  const { ownerUrl, appUrl, superUrl } = original;
  return { name, ownerUrl: urlTo(ownerUrl, name), appUrl: urlTo(appUrl, name), superUrl: urlTo(superUrl, name), drop };
}

export function urlTo(url: string, database: string): string {
  return Object.assign(new URL(url), { pathname: `/${database}` }).href;
}
