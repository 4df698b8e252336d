import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import t from "tap";
import { eventually, newDataDirectory, postmasterOf, query, start, startUser } from "../support/data-directory.ts";

const userScript = fileURLToPath(new URL("../support/embedded-user.ts", import.meta.url));

t.test("five processes at once, from nothing: one postmaster for all, stopped by the last", async (t) => {
  const dataDir = await newDataDirectory(t);
  const users = await Promise.all(Array.from({ length: 5 }, () => startUser(t, dataDir)));
  t.equal(new Set(users.map((user) => user.postmaster)).size, 1);
  t.equal(new Set(users.map((user) => `${user.port} ${user.password}`)).size, 1);
  const [last, ...others] = users;
  t.same(await Promise.all(others.map((user) => user.leave())), [0, 0, 0, 0]);
  t.equal(await postmasterOf(dataDir), last?.postmaster);
  t.equal(await last?.leave(), 0);
  t.equal(await postmasterOf(dataDir), undefined);
});

t.test("a killed process leaves its server to the next one, which may stop it", async (t) => {
  const dataDir = await newDataDirectory(t);
  const killed = await startUser(t, dataDir);
  await killed.kill();
  t.equal(await postmasterOf(dataDir), killed.postmaster, "it outlives its user");
  const server = await start(t, dataDir);
  t.same(
    [server.port, server.password, await postmasterOf(dataDir)],
    [killed.port, killed.password, killed.postmaster],
  );
  await server.stop();
  t.equal(await postmasterOf(dataDir), undefined);
});

t.test("a process killed at any moment of its start does not hinder the next", async (t) => {
  const dataDir = await newDataDirectory(t);
  for (const afterMs of [150, 250, 350, 450, 600]) {
    const child = spawn(process.execPath, [userScript, dataDir], { stdio: ["pipe", "ignore", "inherit"] });
    // not a sleep: the moment of the kill is what the test varies
    await delay(afterMs);
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  const server = await start(t, dataDir);
  t.same(await query(server.url("postgres"), "SELECT 1 AS one"), [{ one: 1 }]);
});

t.test("remains of an interrupted initdb are cleared away", async (t) => {
  const dataDir = await newDataDirectory(t);
  await mkdir(path.join(dataDir, "postgres.init-0123456789ab", "base"), { recursive: true });
  await writeFile(path.join(dataDir, "postgres.init-0123456789ab", "PG_VERSION"), "18\n");
  await writeFile(path.join(dataDir, "postgres.init-0123456789ab.pw"), "secret\n");
  await mkdir(path.join(dataDir, "postgres"));
  await start(t, dataDir);
  t.same(
    (await readdir(dataDir)).filter((name) => name.includes("init")),
    [],
  );
});

t.test("a stale pid file that names a living stranger", async (t) => {
  const dataDir = await newDataDirectory(t);
  const first = await start(t, dataDir);
  const pidFile = path.join(dataDir, "postgres", "postmaster.pid");
  const content = await readFile(pidFile, "utf8");
  await first.stop();
  const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  t.teardown(() => void stranger.kill("SIGKILL"));
  await writeFile(pidFile, content.replace(/^\d+/, String(stranger.pid)));
  const second = await start(t, dataDir);
  t.not(await postmasterOf(dataDir), stranger.pid);
  t.same(await query(second.url("postgres"), "SELECT 1 AS one"), [{ one: 1 }]);
  await second.stop();
  t.equal(stranger.exitCode ?? stranger.signalCode, null, "the stranger was left alone");
});

t.test(
  "a postmaster that is killed in use is started again on the same port, with all that was committed",
  async (t) => {
    const dataDir = await newDataDirectory(t);
    const server = await start(t, dataDir, { settings: {} });
    await query(server.url("postgres"), "CREATE TABLE kept AS SELECT 42 AS answer");
    const before = await postmasterOf(dataDir);
    // A backend that does not notice at once that its postmaster is gone.
    const busy = new pg.Client({ connectionString: server.url("postgres") });
    busy.on("error", () => undefined);
    await busy.connect();
    const endless = busy.query("SELECT count(*) FROM generate_series(1, 10000000)").catch(() => undefined);
    process.kill(before ?? 0, "SIGKILL");
    await eventually(async () => ![undefined, before].includes(await postmasterOf(dataDir)));
    await eventually(() =>
      query(server.url("postgres"), "SELECT 1").then(
        () => true,
        () => false,
      ),
    );
    t.same(await query(server.url("postgres"), "SELECT answer FROM kept"), [{ answer: 42 }]);
    await endless;
    await busy.end();
  },
);

t.test("a server that is just stopping is waited for", async (t) => {
  const dataDir = await newDataDirectory(t);
  const first = await start(t, dataDir);
  const [, second] = await Promise.all([first.stop(), start(t, dataDir)]);
  t.same(await query(second.url("postgres"), "SELECT 1 AS one"), [{ one: 1 }]);
  const before = await postmasterOf(dataDir);
  process.kill(before ?? 0, "SIGINT");
  const third = await start(t, dataDir);
  t.same(await query(third.url("postgres"), "SELECT 1 AS one"), [{ one: 1 }]);
  t.not(await postmasterOf(dataDir), before);
});
