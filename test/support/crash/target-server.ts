import process from "node:process";
import pg from "pg";
import type { Test } from "tap";
import { createDatabase, provision } from "../../../src/database/embedded/index.ts";
import { newDataDirectory, postmasterOf, start } from "../data-directory.ts";
import { ask, type Target } from "../runs.ts";
import { nameIn, type TargetMaker, targetAt } from "./plan-scene.ts";
import { eventually } from "./play.ts";

export interface TargetServer {
  readonly make: TargetMaker;
  kill(): Promise<void>;
  /** Waits until it is there again. */
  up(): Promise<void>;
}

/** A PostgreSQL of the test's own for targets, which is started again when it is killed. */
export async function startTargetServer(t: Test): Promise<TargetServer> {
  const dataDir = await newDataDirectory(t);
  const server = await start(t, dataDir);
  await provision(server);
  const role = "countersign_target";
  const at = (name: string): Target =>
    targetAt(server.url(name, { user: role, password: server.roles[role] }), server.url(name));
  let made = 0;
  return {
    async make(own, like) {
      const name = `target_${(made += 1)}`;
      if (like === undefined) {
        await createDatabase(server, name, role);
        return at(name);
      }
      const copy = `CREATE DATABASE ${name} OWNER ${role} TEMPLATE ${nameIn(like)} STRATEGY wal_log`;
      await ask(server.url("postgres"), copy);
      own.teardown(() => dropDatabase(server.url("postgres"), name));
      return at(name);
    },
    async kill() {
      const pid = await postmasterOf(dataDir);
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    },
    up: () => eventually("the target's PostgreSQL is up", () => isUp(server.url("postgres")), 30),
  };
}

async function dropDatabase(url: string, name: string): Promise<void> {
  await eventually("the target's PostgreSQL is up", () => isUp(url), 30);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  } finally {
    await client.end();
  }
}

function isUp(url: string): Promise<boolean> {
  return ask(url, "SELECT").then(
    () => true,
    () => false,
  );
}
