import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import pg from "pg";
import t, { type Test } from "tap";
import { consume, expectStatus, mintGrant, seedGrants } from "../../support/flow.ts";
import { prepareDryRun, startRun, untilRun, useTarget } from "../../support/runs.ts";
import { setStage, spawnService } from "../../support/service.ts";

t.setTimeout(120_000);

const shipped = readFileSync(new URL("../../../deploy/ha/pgbouncer.ini", import.meta.url), "utf8");
const installed = spawnSync("pgbouncer", ["--version"]).error === undefined;
const nobody = 65_534;

/** The shipped pooler, in front of a test's database. */
async function startPooler(t: Test, appUrl: string): Promise<{ url: string; child: ChildProcess }> {
  const { hostname, port, pathname, username, password } = new URL(appUrl);
  const database = pathname.slice(1);
  const folder = mkdtempSync(path.join(os.tmpdir(), "countersign-pooler-"));
  const users = path.join(folder, "users.txt");
  const own = await freePort();
  const settings = shipped
    .replace(/^countersign = .*$/m, `${database} = host=${hostname} port=${port} dbname=${database}`)
    .replace(/^listen_addr = .*$/m, "listen_addr = 127.0.0.1")
    .replace(/^listen_port = .*$/m, `listen_port = ${own}`)
    .replace(/^auth_file = .*$/m, `auth_file = ${users}`)
    // Fewer than the clients have, so that every connection is shared.
    .replace(/^default_pool_size = .*$/m, "default_pool_size = 3")
    .replace(/^reserve_pool_size = .*$/m, "reserve_pool_size = 0");
  writeFileSync(users, `"${username}" "${decodeURIComponent(password)}"\n`);
  writeFileSync(path.join(folder, "pgbouncer.ini"), settings);
  const asRoot = process.getuid?.() === 0;
  if (asRoot) for (const file of [folder, users, path.join(folder, "pgbouncer.ini")]) chownSync(file, nobody, nobody);
  chmodSync(folder, 0o700);
  const child = spawn("pgbouncer", ["-q", path.join(folder, "pgbouncer.ini")], {
    stdio: "ignore",
    ...(asRoot && { uid: nobody, gid: nobody }),
  });
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(folder, { recursive: true });
  });
  const url = `postgres://${username}:${password}@127.0.0.1:${own}/${database}`;
  await answers(child, url);
  return { url, child };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function answers(child: ChildProcess, url: string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`);
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch {
      // It does not listen yet.
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

t.test(
  "operations: behind the shipped PgBouncer, which shares connections between transactions",
  {
    skip: installed ? false : "pgbouncer is not installed",
  },
  async (t) => {
    const stage = await setStage(t);
    const pooler = await startPooler(t, stage.names.appUrl);
    const target = await useTarget(t);
    const env = { DATABASE_URL: pooler.url, TARGETS: JSON.stringify({ default: target.url }), POOL_SIZE: "10" };
    const services = [await spawnService(t, stage, env), await spawnService(t, stage, env)] as const;

    await t.test("operations: the control: a session setting leaks to whoever comes next", async (t) => {
      const clients = Array.from({ length: 4 }, () => new pg.Client({ connectionString: pooler.url }));
      t.teardown(() => Promise.all(clients.map((client) => client.end())));
      await Promise.all(clients.map((client) => client.connect()));
      await clients[0]?.query("SET countersign.left_behind = 'by another'");
      const seen: unknown[] = [];
      for (const client of clients.slice(1)) {
        const { rows } = await client.query("SELECT current_setting('countersign.left_behind', true) AS value");
        seen.push((rows[0] as { value: string | null }).value);
      }
      t.ok(seen.includes("by another"), "so the service may leave nothing behind");
      await clients[0]?.query("RESET countersign.left_behind");
    });

    await t.test(
      "GRANT-3 of forty consumes at once over two processes one wins, for each of five grants",
      async (t) => {
        const codes = await stage.database.transact((tx) => seedGrants(tx, 5));
        for (const code of codes) {
          const calls = Array.from({ length: 40 }, (_, n) =>
            consume(services[n % 2 === 0 ? 0 : 1], code, `${code}-${n}`),
          );
          const statuses = (await Promise.all(calls)).map(({ status }) => status);
          t.equal(statuses.filter((status) => status === 200).length, 1, `${code} once`);
          t.equal(statuses.filter((status) => status === 409).length, 39, `${code} refused to all others`);
        }
      },
    );

    await t.test("GRANT-1 a request goes from its approval to a consumed grant", async (t) => {
      const code = await mintGrant(services[0]);
      await expectStatus(consume(services[1], code, "pooled"), 200);
      const again = await expectStatus(consume(services[0], code, "pooled"), 200);
      t.ok(again.body["idempotency_root"] ?? again.body["receipt"], "the receipt is shown again");
    });

    await t.test("RUN-2 a build run ends well", async (t) => {
      const prepared = await prepareDryRun(services[0]);
      await expectStatus(startRun(services[0], prepared), 202);
      t.equal((await untilRun(services[1], prepared.root)).status, "succeeded");
    });

    await t.test("OPEN-7 without the pooler each request is refused as unchanged", async (t) => {
      const gone = once(pooler.child, "exit");
      pooler.child.kill("SIGKILL");
      await gone;
      const refused = await expectStatus(services[0].call("GET", "/v1/grants", { as: "operator" }), 503);
      t.match(refused.body, { code: "DATABASE_UNAVAILABLE", outcome: "unchanged" });
    });
  },
);
