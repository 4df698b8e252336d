import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { resolveSecrets } from "../../src/bootstrap/secrets.ts";
import { ConfigurationError, readConfig } from "../../src/config.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { ServerKeys } from "../../src/kernel/server-keys.ts";
import { checkServerKeys, createToken, identify } from "../../src/principals/index.ts";
import { setStage } from "../support/service.ts";

t.test("operations: five starts at once agree on the secrets, which only their owner may read", async (t) => {
  const dataDir = t.testdir();
  const config = readConfig({ DATA_DIR: dataDir });
  const all = await Promise.all(Array.from({ length: 5 }, () => resolveSecrets(config)));
  t.equal(new Set(all.map((one) => one.syncSecret)).size, 1);
  const macs = all.map((one) => one.serverKeys.mac("api-token", "k1", "x")?.toString("hex"));
  t.equal(new Set(macs).size, 1);
  const file = path.join(dataDir, "secrets.json");
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.match(JSON.parse(await readFile(file, "utf8")), { sync_secret: /^whsec_/, server_keys: /^k1:/ });
  t.equal((await resolveSecrets(config)).syncSecret, all[0]?.syncSecret, "and again at the next start");
});

t.test("operations: what the configuration gives is taken, and nothing is written", async (t) => {
  const dataDir = t.testdir();
  const keys = `k2:${"A".repeat(43)}=,k1:${"B".repeat(42)}A=`;
  const config = readConfig({ DATA_DIR: dataDir, SYNC_SECRET: "x".repeat(24), SERVER_KEYS: keys });
  const secrets = await resolveSecrets(config);
  t.equal(secrets.syncSecret, "x".repeat(24));
  t.same(secrets.serverKeys.ids, ["k2", "k1"]);
  await t.rejects(stat(path.join(dataDir, "secrets.json")), { code: "ENOENT" });
});

t.test("operations: secrets that cannot be kept are named as the variables that are missing", async (t) => {
  const dataDir = path.join(t.testdir(), "a-file");
  await writeFile(dataDir, "");
  const refused = resolveSecrets(readConfig({ DATA_DIR: dataDir }));
  t.ok((await refused.catch((error: unknown) => error)) instanceof ConfigurationError);
  await t.rejects(refused, /SYNC_SECRET is unset[^]*SERVER_KEYS is unset/);
});

t.test("operations: after a rotation the old key still verifies, and a key that is gone does not", async (t) => {
  const { database } = await setStage(t);
  const [old, fresh] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const before = new ServerKeys([{ id: "old", secret: old }]);
  const rotated = new ServerKeys([
    { id: "new", secret: fresh },
    { id: "old", secret: old },
  ]);
  const without = new ServerKeys([{ id: "new", secret: fresh }]);
  const input = { principal: "operator", label: "rotation", ttlSeconds: 60 };
  const who = (keys: ServerKeys, token: string) => database.transact((tx) => identify(tx, keys, token));
  const make = (keys: ServerKeys) => database.transact((tx) => createToken(tx, serviceCaller("test"), keys, input));
  const { token } = await make(before);
  t.match(await who(before, token), { principal: "operator" });
  t.match(await who(rotated, token), { principal: "operator" });
  t.equal(await who(without, token), null);
  t.match(await who(without, (await make(rotated)).token), { principal: "operator" }, "the first key signs");
});

t.test("operations: another key under a known id is refused with SERVER_KEYS_DIFFER", async (t) => {
  const { database } = await setStage(t);
  const keys = new ServerKeys([{ id: "k1", secret: Buffer.alloc(32, 9) }]);
  await t.rejects(
    database.transact((tx) => checkServerKeys(tx, keys)),
    { code: "SERVER_KEYS_DIFFER" },
  );
});
