import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { parse } from "yaml";
import { expectStatus } from "../../support/flow.ts";
import { startService, syncSecret } from "../../support/service.ts";
import { startedWith } from "../../support/started.ts";

t.setTimeout(180_000);

const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = readFileSync(path.join(root, "docs/how-to/github-actions.md"), "utf8");

interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly needs?: string | readonly string[];
  readonly environment?: string;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions: unknown;
  readonly env: Readonly<Record<string, string>>;
  readonly defaults: { readonly run: { readonly shell: string } };
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflow = parse(/^```yaml\n(.*?)^```$/ms.exec(page)?.[1] ?? "") as Workflow;

/** Fills expressions in, as Actions does; what is not there is an error here, and not an empty text. */
function filled(text: string, known: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{\{\s*([\w.-]+)\s*\}\}/g, (_, name: string) => {
    const value = known[name];
    if (value === undefined) throw new Error(`there is no ${name}`);
    return value;
  });
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** A place like a runner's: a checkout, a folder for temporary files, and the commands that the steps use. */
function makeRunner(t: Test) {
  const home = realpathSync(mkdtempSync(path.join(os.tmpdir(), "countersign-runner-")));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  const [checkout, temp, bin] = ["checkout", "temp", "bin"].map((name) => path.join(home, name)) as [
    string,
    string,
    string,
  ];
  for (const directory of [path.join(checkout, "change"), temp, bin]) mkdirSync(directory, { recursive: true });
  const command = (name: string, script: string) => {
    writeFileSync(path.join(bin, name), `#!/bin/bash\n${script}\n`);
    chmodSync(path.join(bin, name), 0o755);
  };
  command("countersign", `exec "${process.execPath}" "${path.join(root, "bin/countersign.js")}" "$@"`);
  // Where the package comes from is the reader's; that it installs is the test of the package.
  command("npm", `[ "$*" = "install --global the-package" ]`);
  const run = async (script: string, environment: Readonly<Record<string, string>>): Promise<Ended> => {
    const file = path.join(temp, "step.sh");
    writeFileSync(file, script);
    const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", file], {
      cwd: checkout,
      stdio: ["ignore", "pipe", "pipe"],
      env: startedWith({
        PATH: `${bin}:${path.dirname(process.execPath)}:${process.env["PATH"]}`,
        HOME: home,
        RUNNER_TEMP: temp,
        GITHUB_OUTPUT: path.join(temp, "output"),
        GITHUB_STEP_SUMMARY: path.join(temp, "summary"),
        ...environment,
      }),
    });
    const told: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => told.push(chunk));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output: Buffer.concat(told).toString() };
  };
  return { checkout, temp, run };
}

t.test("operations: the workflow of the page has one part and its own secrets in each job", (t) => {
  t.same(workflow.permissions, { contents: "read" });
  t.equal(workflow.defaults.run.shell, "bash");
  const secrets = Object.entries(workflow.jobs).map(([name, job]) => [
    name,
    [...new Set([...JSON.stringify(job).matchAll(/secrets\.(\w+)/g)].map(([, secret]) => secret))],
    job.environment ?? null,
  ]);
  t.same(secrets, [
    ["ask", ["REQUESTER_TOKEN"], null],
    ["dispatch", ["DISPATCHER_TOKEN", "SYNC_SECRET"], "countersign-dispatcher"],
    ["change", ["EXECUTOR_TOKEN"], "countersign-executor"],
  ]);
  const scripts = Object.values(workflow.jobs).flatMap((job) => job.steps.flatMap((step) => step.run ?? []));
  t.notOk(scripts.join("\n").includes("${{"), "no expression stands in a script, where its value would be code");
  t.end();
});

t.test("operations: the workflow asks, waits for people, dispatches, consumes once and makes the change", async (t) => {
  const service = await startService(t);
  const runner = makeRunner(t);
  for (const [from, to] of [
    ["apr-c1-dry-run.json", "request.json"],
    ["bindings-c1-dry-run.json", "bindings.json"],
  ] as const) {
    cpSync(path.join(root, "examples", from), path.join(runner.checkout, "change", to));
  }
  writeFileSync(path.join(runner.checkout, "change/make.sh"), "echo made >>made.txt\n");

  const known: Record<string, string> = {
    "vars.COUNTERSIGN_URL": service.url,
    "vars.COUNTERSIGN_PACKAGE": "the-package",
    "secrets.REQUESTER_TOKEN": service.tokens.requester,
    "secrets.DISPATCHER_TOKEN": service.tokens.dispatcher,
    "secrets.EXECUTOR_TOKEN": service.tokens["c1-builder"],
    "secrets.SYNC_SECRET": syncSecret,
  };
  const github = {
    GITHUB_RUN_ID: "4711",
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_SHA: "0123456789abcdef0123456789abcdef01234567",
    GITHUB_SERVER_URL: "https://github.example",
    GITHUB_REPOSITORY: "example/change",
  };
  const told: string[] = [];
  const play = async (step: Step, changes: Readonly<Record<string, string>> = {}): Promise<Ended> => {
    writeFileSync(path.join(runner.temp, "output"), "");
    const own = { ...workflow.env, POLL_SECONDS: "0.2", ...step.env };
    const environment = Object.fromEntries(Object.entries(own).map(([name, value]) => [name, filled(value, known)]));
    const ended = await runner.run(step.run ?? "", { ...environment, ...github, ...changes });
    told.push(ended.output);
    for (const line of readFileSync(path.join(runner.temp, "output"), "utf8").split("\n")) {
      const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      if (name !== undefined && step.id !== undefined) known[`steps.${step.id}.outputs.${name}`] = value ?? "";
    }
    return ended;
  };
  const vote = async (as: "approver_1" | "approver_2") => {
    const { body } = await service.call("GET", "/v1/approval-requests/CI-4711", { as });
    const decision = { decision: "approve", apr_digest: body["apr_digest"], reason: "Looked at." };
    await expectStatus(service.call("POST", "/v1/approval-requests/CI-4711/votes", { as, body: decision }), 201);
  };

  for (const [name, job] of Object.entries(workflow.jobs)) {
    for (const step of job.steps.filter(({ run }) => run !== undefined)) {
      const playing = play(step);
      if (step.name === "Wait for the decision")
        for (const who of ["approver_1", "approver_2"] as const) await vote(who);
      const ended = await playing;
      t.equal(ended.code, 0, `${name}: ${step.name}: ${ended.output}`);
      if (step.id === "execute")
        t.equal((await play(step)).code, 0, "executed again, before it is used, it is the same");
    }
    for (const [output, value] of Object.entries(job.outputs ?? {})) {
      known[`needs.${name}.outputs.${output}`] = filled(value, known);
    }
  }
  t.equal(readFileSync(path.join(runner.checkout, "made.txt"), "utf8"), "made\n");
  t.match(readFileSync(path.join(runner.temp, "summary"), "utf8"), `${service.url}/console/requests/CI-4711`);
  const request = await service.call("GET", "/v1/approval-requests/CI-4711", { as: "auditor" });
  t.match(request.body, { status: "executed", auth_code: "GBA-C1-CI-4711" });
  t.match(request.text, github.GITHUB_SHA, "people approve a commit");
  t.match((await service.call("GET", "/v1/grants/GBA-C1-CI-4711", { as: "auditor" })).body, {
    status: "consumed",
    consumed_by: "c1-builder",
    idempotency_root: "ci-4711-1",
  });

  const steps = new Map(Object.values(workflow.jobs).flatMap((job) => job.steps.map((step) => [step.name, step])));
  const again = async (name: string, changes = {}) =>
    play(steps.get(name) ?? {}, { GITHUB_RUN_ATTEMPT: "2", ...changes });
  t.equal((await again("Ask")).code, 0, "a second attempt finds the request");
  const executed = await again("Execute the request");
  t.equal(executed.code, 1, "but the grant is used");
  t.match(executed.output, /SKIP:grant_already_consumed/);
  const second = await again("Consume the grant");
  t.equal(second.code, 1, "and does not use it twice");
  t.match(second.output, /REJECT_AUTH_ALREADY_CONSUMED/);
  t.equal((await again("Ask", { GITHUB_SHA: "f".repeat(40) })).code, 1, "another commit is another request");
  for (const secret of [...Object.values(service.tokens), syncSecret]) {
    t.notOk(told.join("\n").includes(secret), "no secret is printed");
  }
});

t.test("operations: a request that is rejected fails the workflow, and nothing is dispatched", async (t) => {
  const service = await startService(t);
  const runner = makeRunner(t);
  const request = JSON.parse(readFileSync(path.join(root, "examples/apr-c1-dry-run.json"), "utf8")) as object;
  const body = { ...request, apr_code: "CI-1" };
  const posted = await expectStatus(service.call("POST", "/v1/approval-requests", { as: "requester", body }), 201);
  const decision = { decision: "reject", apr_digest: posted.body["apr_digest"], reason: "Not on a Friday." };
  await expectStatus(
    service.call("POST", "/v1/approval-requests/CI-1/votes", { as: "approver_1", body: decision }),
    201,
  );
  const wait = workflow.jobs["ask"]?.steps.find(({ name }) => name === "Wait for the decision");
  const environment = { COUNTERSIGN_URL: service.url, COUNTERSIGN_TOKEN: service.tokens.requester, CODE: "CI-1" };
  const ended = await runner.run(wait?.run ?? "", { ...environment, POLL_SECONDS: "0.2" });
  t.equal(ended.code, 1);
  t.match(ended.output, "CI-1 is rejected");
});
