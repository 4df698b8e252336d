import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { openDatabase, roleToTake } from "../../src/database/index.ts";
import { eventually, newDataDirectory } from "../support/data-directory.ts";
import { consume, mintGrant } from "../support/flow.ts";
import { logKey, setStage, spawnService } from "../support/service.ts";
import { spawnNode, startedWith } from "../support/started.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const people = [
  "requester",
  "approver_1",
  "approver_2",
  "council_1",
  "council_2",
  "sovereign",
  "dispatcher",
  "executor",
];
const contract = [...people, "operator", "auditor", "admin"];

function run(t: Test, env: Record<string, string>): ChildProcess {
  const child = spawnNode([main], {
    stdio: ["ignore", "pipe", "pipe"],
    env: startedWith({ PORT: "0", LOG_LEVEL: "error", ...env }),
  });
  t.teardown(() => end(child, "SIGKILL"));
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }
  return child.exitCode;
}

async function refusal(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  if (child.stderr === null) throw new Error("no standard error");
  const [said] = await Promise.all([text(child.stderr), once(child, "exit")]);
  return { code: child.exitCode, said };
}

async function announced(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("no standard output");
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  return /https?:\/\/\S+/.exec(line)?.[0] ?? line;
}

t.test("operations: a bad configuration ends with exit 2, every bad variable named", async (t) => {
  const { code, said } = await refusal(
    run(t, { PORT: "x", POOL_SIZE: "0", SYNC_SECRET: "too-short", LOG_LEVEL: "loud" }),
  );
  t.equal(code, 2);
  for (const name of ["PORT", "POOL_SIZE", "SYNC_SECRET", "LOG_LEVEL"]) t.match(said, name);
  t.notMatch(said, "too-short");
});

t.test("operations: other server keys than the database knows end the start with exit 1", async (t) => {
  const { names } = await setStage(t);
  const { code, said } = await refusal(
    run(t, {
      DATABASE_URL: names.appUrl,
      DATABASE_OWNER_URL: names.ownerUrl,
      SYNC_SECRET: "x".repeat(24),
      SERVER_KEYS: `k1:${"A".repeat(43)}=`,
      LOG_KEY: logKey,
    }),
  );
  t.equal(code, 1);
  t.match(said, 'another key "k1"');
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  t.test(`operations: ${signal} answers what is under way, and exits 0`, async (t) => {
    const stage = await setStage(t);
    const service = await spawnService(t, stage, { POOL_SIZE: "2" });
    const authCode = await mintGrant(service);
    const waiting =
      "SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    const { answer, gone } = await stage.database.transact(async (tx) => {
      await tx.query("SELECT FROM governance_build_authorization WHERE auth_code = $1 FOR UPDATE", [authCode]);
      const pending = consume(service, authCode, "root-1");
      await eventually(async () => (await tx.query<{ waiting: number }>(waiting)).rows[0]?.waiting === 1);
      return { answer: { pending }, gone: { exit: service.kill(signal) } };
    });
    t.equal((await answer.pending).status, 200);
    await gone.exit;
    t.equal(service.child.exitCode, 0);
  });
}

t.test("operations: with the URL of the owner alone the service steps down and cannot delete", async (t) => {
  const stage = await setStage(t);
  const env = { DATABASE_URL: stage.names.ownerUrl, DATABASE_OWNER_URL: "" };
  const service = await spawnService(t, stage, env);
  const authCode = await mintGrant(service);
  t.match(authCode, /^GBA-C1-/);
  const role = await roleToTake(stage.names.ownerUrl);
  t.equal(role, "countersign_app");
  const database = openDatabase({ url: stage.names.ownerUrl, poolSize: 1, role });
  t.teardown(() => database.close());
  await t.rejects(
    database.transact((tx) => tx.query("DELETE FROM api_tokens")),
    /permission denied|insufficient/i,
  );
});

t.test(
  "operations: from nothing it comes up with its credentials, and again after SIGKILL with its data",
  async (t) => {
    const dataDir = await newDataDirectory(t);
    const first = run(t, { DATA_DIR: dataDir });
    const url = await announced(first);
    t.equal((await fetch(`${url}/readyz`)).status, 200);
    const file = path.join(dataDir, "credentials.json");
    t.equal((await stat(file)).mode & 0o777, 0o600);
    const before = await credentials(file);
    t.same(Object.keys(before).toSorted(), ["sync_secret", "tokens", "url"]);
    t.same(Object.keys(before.tokens).toSorted(), contract.toSorted());
    t.equal(before.url, url);
    await end(first, "SIGKILL");

    const second = run(t, { DATA_DIR: dataDir });
    const again = await announced(second);
    const after = await credentials(file);
    t.same(after, { ...before, url: again }, "the same tokens, the new address");
    t.equal((await stat(file)).mode & 0o777, 0o600);
    const headers = { authorization: `Bearer ${after.tokens["admin"] ?? ""}` };
    t.equal((await fetch(`${again}/v1/action-types`, { headers })).status, 200);
    t.equal(await end(second, "SIGTERM"), 0);
  },
);

async function credentials(file: string) {
  return JSON.parse(await readFile(file, "utf8")) as {
    url: string;
    sync_secret: string;
    tokens: Record<string, string>;
  };
}
