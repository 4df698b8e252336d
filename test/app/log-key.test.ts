import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { resolveLogKey } from "../../src/bootstrap/secrets.ts";
import { ConfigurationError, readConfig } from "../../src/config.ts";
import { type Database, openDatabase, type Tx } from "../../src/database/index.ts";
import { type LogSigner, logSigner, openLog, verifierKey } from "../../src/evidence/index.ts";
import { runCli } from "../cli/run-cli.ts";
import { logKey, serverKey, setStage, spawnService, type Stage, syncSecret } from "../support/service.ts";
import { spawnNode, startedWith } from "../support/started.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const another = `log.example/test:${Buffer.alloc(32, 9).toString("base64")}`;

function signerOf(key: string): LogSigner {
  const at = key.lastIndexOf(":");
  return logSigner(key.slice(0, at), Buffer.from(key.slice(at + 1), "base64"));
}

const vkeyOf = (key: string): string => verifierKey(signerOf(key).key);

function databaseOf({ names }: Stage): Record<string, string> {
  return {
    DATABASE_URL: names.appUrl,
    DATABASE_OWNER_URL: names.ownerUrl,
    SYNC_SECRET: syncSecret,
    SERVER_KEYS: serverKey,
  };
}

async function keysOf(database: Database): Promise<readonly string[]> {
  const { rows } = await database.transact((tx) =>
    tx.query<{ vkey: string }>("SELECT vkey FROM audit_log_keys ORDER BY number"),
  );
  return rows.map(({ vkey }) => vkey);
}

/** A service that is not to come up: its exit status and what it said. */
async function refusal(t: Test, env: Readonly<Record<string, string>>): Promise<{ code: number | null; said: string }> {
  const child = spawnNode([main], {
    stdio: ["ignore", "ignore", "pipe"],
    env: startedWith({ PORT: "0", LOG_LEVEL: "error", ...env }),
  });
  t.teardown(async () => void child.kill("SIGKILL"));
  if (child.stderr === null) throw new Error("no standard error");
  const [said] = await Promise.all([text(child.stderr), once(child, "exit")]);
  return { code: child.exitCode, said };
}

t.test("AUDIT-2 a service with another key than the log's ends with exit 1, says so, and adds no key", async (t) => {
  const stage = await setStage(t);
  const first = await spawnService(t, stage);
  t.same(await keysOf(stage.database), [vkeyOf(logKey)], "the first service has named the log");
  const { code, said } = await refusal(t, { ...databaseOf(stage), LOG_KEY: another });
  t.equal(code, 1);
  t.match(said, /LOG_KEY is not the key of this database's log/);
  t.ok(said.includes(vkeyOf(logKey)), "the message says which key it has");
  t.notMatch(said, another.slice(-44), "and no secret");
  t.same(await keysOf(stage.database), [vkeyOf(logKey)], "nothing was added");
  t.equal((await first.call("GET", "/readyz")).status, 200, "the service that has the key goes on");
  const second = await spawnService(t, stage);
  t.equal((await second.call("GET", "/readyz")).status, 200, "and so does one more with the same key");
});

t.test(
  "AUDIT-2 services without LOG_KEY share the one under DATA_DIR; a DATA_DIR of its own is another key",
  async (t) => {
    const stage = await setStage(t);
    const folder = t.testdir({ shared: {}, own: {} });
    const shared = path.join(folder, "shared");
    const env = { LOG_KEY: "", DATA_DIR: shared };
    const both = await Promise.all([spawnService(t, stage, env), spawnService(t, stage, env)]);
    for (const service of both) t.equal((await service.call("GET", "/readyz")).status, 200);
    t.equal((await stat(path.join(shared, "log-key"))).mode & 0o777, 0o600, "only its owner may read it");
    const made = (await readFile(path.join(shared, "log-key"), "utf8")).trim();
    t.same(await keysOf(stage.database), [vkeyOf(made)]);
    const { code, said } = await refusal(t, { ...databaseOf(stage), DATA_DIR: path.join(folder, "own") });
    t.match({ code, said }, { code: 1, said: /LOG_KEY is not the key of this database's log/ });
    t.same(await keysOf(stage.database), [vkeyOf(made)]);
  },
);

t.test("AUDIT-2 without LOG_KEY, and where none can be kept, nothing starts: there is no key by default", async (t) => {
  const stage = await setStage(t);
  const dataDir = path.join(t.testdir(), "a-file");
  await writeFile(dataDir, "");
  const { code, said } = await refusal(t, { ...databaseOf(stage), DATA_DIR: dataDir });
  t.match({ code, said }, { code: 2, said: /LOG_KEY is unset, and none can be kept under DATA_DIR/ });
  t.same(await keysOf(stage.database), []);
  const refused = resolveLogKey(readConfig({ DATA_DIR: dataDir }));
  t.ok((await refused.catch((error: unknown) => error)) instanceof ConfigurationError);
});

t.test(
  "AUDIT-2 five starts at once agree on the key under DATA_DIR, and the one of the configuration goes first",
  async (t) => {
    const dataDir = t.testdir();
    const config = readConfig({ DATA_DIR: dataDir });
    const all = await Promise.all(Array.from({ length: 5 }, () => resolveLogKey(config)));
    t.equal(new Set(all.map(({ key }) => verifierKey(key))).size, 1);
    const given = await resolveLogKey(readConfig({ DATA_DIR: dataDir, LOG_KEY: logKey }));
    t.equal(verifierKey(given.key), vkeyOf(logKey));
  },
);

t.test("AUDIT-2 a command on the database needs no key of the log, and gives it none", async (t) => {
  const stage = await setStage(t);
  const made = await runCli(t, databaseOf(stage), "token", "create", "--principal", "somebody", "--roles", "auditor");
  t.equal(made.code, 0, made.stderr);
  t.same(await keysOf(stage.database), []);
  await t.rejects(stat(path.join(t.testdirName, "log-key")), { code: "ENOENT" });
});

/** Several first starts at once, each with a key of its own. */
async function race(t: Test, open: (tx: Tx, signer: LogSigner) => Promise<unknown>) {
  const stage = await setStage(t);
  const starts = await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      const database = openDatabase({ url: stage.names.appUrl, poolSize: 2 });
      t.teardown(() => database.close());
      // Connected before the start, so that they come at once.
      await database.transact((tx) => tx.query("SELECT 1"));
      const signer = logSigner(`log.example/${index}`, Buffer.alloc(32, index + 1));
      return () => database.transact((tx) => open(tx, signer));
    }),
  );
  const ended = await Promise.allSettled(starts.map((start) => start()));
  const refused = ended.flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []));
  return { refused, keys: await keysOf(stage.database) };
}

t.test(
  "AUDIT-2 of first starts at once with different keys one names the log, and the others are refused",
  async (t) => {
    const { refused, keys } = await race(t, openLog);
    t.equal(keys.length, 1);
    t.equal(refused.length, 5);
    for (const error of refused) t.match(error, { name: "LogKeyMismatch", message: keys[0] });
  },
);

t.test("AUDIT-2 control: looking first and writing afterwards would add the keys of several", async (t) => {
  const { keys } = await race(t, async (tx, signer) => {
    const { rowCount } = await tx.query("SELECT FROM audit_log");
    if (rowCount !== 0) return;
    await tx.query("INSERT INTO audit_log (origin, root) VALUES ($1, sha256('')) ON CONFLICT DO NOTHING", [
      signer.key.name,
    ]);
    await tx.query("INSERT INTO audit_log_keys (vkey) VALUES ($1)", [verifierKey(signer.key)]);
  });
  t.ok(keys.length > 1, `${keys.length} keys`);
});
