import { writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { manifest, prepareCommit, prepareDryRun, readRun, useTarget } from "../support/runs.ts";
import { type InProcess, startService, syncSecret } from "../support/service.ts";
import { runCli } from "./run-cli.ts";

t.setTimeout(240_000);

function countersign(t: Test, service: InProcess) {
  const file = path.join(t.testdir({}), "credentials.json");
  const executor = service.tokens["c1-builder"];
  writeFileSync(
    file,
    JSON.stringify({ url: service.url, sync_secret: syncSecret, tokens: { ...service.tokens, executor } }),
  );
  const save = (name: string, value: unknown): string => {
    const saved = path.join(t.testdirName, name);
    writeFileSync(saved, JSON.stringify(value));
    return saved;
  };
  return { run: (...args: string[]) => runCli(t, {}, "--credentials", file, ...args), save };
}

t.test("RUN-1 run: started with its progress, shown, listed, resumed", async (t) => {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url } });
  const { run, save } = countersign(t, service);
  const prepared = await prepareDryRun(service);
  const file = save("run.json", prepared.body);

  const watched = await run("run", "start", file, "--watch");
  t.equal(watched.code, 0, watched.stderr);
  for (const state of ["S0", "S1", "S2", "S3", "S4", "S5", "S6", "S7"]) t.match(watched.stdout, `state_ok ${state}`);
  t.match(watched.stdout, /is succeeded\nrehearsal sha256:[0-9a-f]{64} passed/);
  t.match((await run("run", "show", prepared.root)).stdout, /✓ S4 VALUES/);
  t.match((await run("run", "list", "--status", "succeeded")).stdout, prepared.root);
  t.match((await run("run", "list", "--status", "stopped")).stdout, /^none/);
  t.match(await run("run", "resume", prepared.root), { code: 0, stdout: /is succeeded/ });
  const lines = (await run("--json", "run", "watch", prepared.root)).stdout;
  t.match(lines, /^\{"seq":1,/, "a line of JSON for each event, and the run behind them");
  t.match(await run("run", "start", file, "--root", "another"), { code: 1, stderr: /REJECT_AUTH_ALREADY_CONSUMED/ });
  t.match(await run("run", "show", "nothing"), { code: 1, stderr: /404 NOT_FOUND/ });
  t.match(await run("run", "start", path.join(t.testdirName, "missing.json")), { code: 2, stderr: /cannot read/ });
});

t.test("RUN-6 run rollback, and build list and digests", async (t) => {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url } });
  const { run, save } = countersign(t, service);
  t.match((await run("build", "list")).stdout, /c1-vocabulary-rollback +DOT_C1_VOCAB_BUILD/);
  const digests = await run("--json", "build", "digests", "c1-vocabulary", save("manifest.json", manifest(3)));
  t.match(digests.json(), { count: 3, manifest_digest: /^sha256:/ });
  const prepared = await prepareCommit(service);
  t.equal((await run("run", "start", save("run.json", prepared.body), "--watch")).code, 0);
  const { build: _, ...body } = prepared.body;
  const input = { rolls_back: prepared.root, steps: [{ act: "delete", operation_code: "op.n00001", reason: "Away." }] };
  const refused = await run(
    "run",
    "rollback",
    prepared.root,
    save("back.json", { ...body, idempotency_root: "back", input }),
  );
  t.match(refused, { code: 1, stderr: /422 RBP-2/ });
});

t.test("OPEN-4 grant revoke --running ends the run of a used grant", async (t) => {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url } });
  const { run, save } = countersign(t, service);
  const prepared = await prepareCommit(service);
  t.equal((await run("run", "start", save("run.json", prepared.body), "--watch")).code, 0);
  const late = await run("grant", "revoke", prepared.authCode, "--reason", "Too late.", "--running", "stop");
  t.match(late, { code: 1, stderr: /REJECT_AUTH_ALREADY_CONSUMED/ }, "a finished run cannot be stopped");
  t.equal((await readRun(service, prepared.root)).status, "succeeded");
});
