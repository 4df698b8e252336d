import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { provision } from "../../src/database/embedded/index.ts";
import { newDataDirectory, postmasterOf, query, start } from "../support/data-directory.ts";

t.test("from nothing: a durable server with its own passwords, on the loopback alone", async (t) => {
  const dataDir = await newDataDirectory(t);
  const server = await start(t, dataDir, { settings: {} });
  const [row] = await query(
    server.url("postgres"),
    `SELECT current_setting('fsync') AS fsync, current_setting('listen_addresses') AS listen, current_setting('password_encryption') AS passwords,
            current_setting('server_encoding') AS encoding, current_setting('unix_socket_directories') AS sockets,
            (SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'template1') AS locale,
            (SELECT count(*)::int FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256') AS weak`,
  );
  const expected = {
    fsync: "on",
    listen: "127.0.0.1",
    passwords: "scram-sha-256",
    encoding: "UTF8",
    sockets: "",
    locale: "bC.UTF-8",
    weak: 0,
  };
  t.same(row, expected);
  t.equal((await stat(path.join(dataDir, "postgres.json"))).mode & 0o777, 0o600);
  await t.rejects(query(server.url("postgres", { user: "postgres", password: "guessed" }), "SELECT 1"), {
    code: "28P01",
  });
  t.same((await readdir(dataDir)).sort(), ["postgres", "postgres.json", "postgres.log", "postgres.users"]);
});

t.test("stop leaves no process, and a restart keeps data, passwords and port", async (t) => {
  const dataDir = await newDataDirectory(t);
  const first = await start(t, dataDir);
  await query(first.url("postgres"), "CREATE TABLE kept AS SELECT 42 AS answer");
  await first.stop();
  await first.stop();
  t.equal(await postmasterOf(dataDir), undefined);
  const second = await start(t, dataDir);
  t.same(await query(second.url("postgres"), "SELECT answer FROM kept"), [{ answer: 42 }]);
  t.same([second.port, second.password, second.roles], [first.port, first.password, first.roles]);
});

t.test("two uses in one process: the last one out stops the server", async (t) => {
  const dataDir = await newDataDirectory(t);
  const [one, two] = await Promise.all([start(t, dataDir), start(t, dataDir)]);
  t.equal(one.port, two.port);
  await one.stop();
  t.same(await query(two.url("postgres"), "SELECT 1 AS one"), [{ one: 1 }]);
  await two.stop();
  t.equal(await postmasterOf(dataDir), undefined);
});

t.test("a remembered port that somebody else took is replaced; one asked for is an error", async (t) => {
  const dataDir = await newDataDirectory(t);
  const other = await start(t, await newDataDirectory(t));
  const first = await start(t, dataDir);
  await first.stop();
  const stateFile = path.join(dataDir, "postgres.json");
  const state = JSON.parse(await readFile(stateFile, "utf8")) as object;
  await writeFile(stateFile, JSON.stringify({ ...state, port: other.port }));
  await t.rejects(start(t, dataDir, { port: other.port }), { code: "EMBEDDED_START_FAILED" });
  const second = await start(t, dataDir);
  t.not(second.port, other.port);
  t.equal((JSON.parse(await readFile(stateFile, "utf8")) as { port: number }).port, second.port);
});

t.test("data of another major version is refused and left alone", async (t) => {
  const dataDir = await newDataDirectory(t);
  await (await start(t, dataDir)).stop();
  const versionFile = path.join(dataDir, "postgres", "PG_VERSION");
  await writeFile(versionFile, "14\n");
  await t.rejects(start(t, dataDir), { code: "DATA_DIR_VERSION" });
  await t.rejects(start(t, dataDir), /written by PostgreSQL 14; the installed one is 18/);
  await writeFile(versionFile, "18\n");
  await start(t, dataDir);
});

t.test("what is not ours is refused and left alone", async (t) => {
  const dataDir = await newDataDirectory(t);
  await mkdir(path.join(dataDir, "postgres"));
  await writeFile(path.join(dataDir, "postgres", "diary.txt"), "mine");
  await t.rejects(start(t, dataDir), { code: "DATA_DIR_FOREIGN" });
  t.equal(await readFile(path.join(dataDir, "postgres", "diary.txt"), "utf8"), "mine");
});

t.test("lost or damaged passwords are named as such", async (t) => {
  const dataDir = await newDataDirectory(t);
  await (await start(t, dataDir)).stop();
  const stateFile = path.join(dataDir, "postgres.json");
  const kept = await readFile(stateFile, "utf8");
  await writeFile(stateFile, kept.slice(0, 20));
  await t.rejects(start(t, dataDir), { code: "DATA_DIR_SECRETS_LOST" });
  await writeFile(stateFile, kept);
  await start(t, dataDir);
});

t.test("provision makes roles and databases that keep to themselves", async (t) => {
  const server = await start(t, await newDataDirectory(t));
  const [urls, again] = await Promise.all([provision(server), provision(server)]);
  t.same(again, urls);
  await query(urls.ownerUrl, "CREATE TABLE governed (id int)");
  await t.rejects(
    query(urls.appUrl, "SELECT * FROM governed"),
    { code: "42501" },
    "owns nothing, may nothing by itself",
  );
  await t.rejects(query(urls.appUrl, "CREATE TABLE mine (id int)"), { code: "42501" });
  await query(urls.targetUrl, "CREATE TABLE changed (id int)");
  const elsewhere = (url: string, database: string) => Object.assign(new URL(url), { pathname: `/${database}` }).href;
  for (const [url, database] of [
    [urls.targetUrl, "countersign"],
    [urls.ownerUrl, "countersign_target"],
    [urls.appUrl, "countersign_target"],
    [urls.appUrl, "postgres"],
    [urls.targetUrl, "template1"],
  ] as const) {
    await t.rejects(
      query(elsewhere(url, database), "SELECT 1"),
      { code: "42501" },
      `${new URL(url).username} in ${database}`,
    );
  }
  const [roles] = await query(
    server.url("postgres"),
    `SELECT count(*)::int AS plain FROM pg_roles
      WHERE starts_with(rolname, 'countersign_') AND NOT (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)`,
  );
  t.same(roles, { plain: 3 });
});

t.test("provision mends a role whose password or powers were changed", async (t) => {
  const server = await start(t, await newDataDirectory(t));
  const { appUrl } = await provision(server);
  await query(server.url("postgres"), "ALTER ROLE countersign_app SUPERUSER PASSWORD 'other'");
  await t.rejects(query(appUrl, "SELECT 1"), { code: "28P01" });
  await provision(server);
  t.same(await query(appUrl, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"), [{ rolsuper: false }]);
});
