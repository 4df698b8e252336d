import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { digestOfBytes } from "../../src/kernel/json.ts";
import { type Target, useTarget } from "../support/runs.ts";
import { startService, syncSecret } from "../support/service.ts";
import { runCli } from "./run-cli.ts";

t.setTimeout(240_000);

const otherSql = "CREATE TABLE public.notes (id bigint PRIMARY KEY)";

/** A plan with one step that looks and one that writes. */
function planText(
  changes: { readonly sql?: string; readonly revision?: string; readonly extra?: string } = {},
): string {
  return `plan: notes
revision: "${changes.revision ?? "1"}"
title: A table of notes.
target: default
schemas: [public]
${changes.extra ?? ""}steps:
  - step: 0
    name: preflight
    kind: check
    evidence:
      - name: no notes yet
        sql: SELECT to_regclass('public.notes') IS NULL
        expect: { equals: true }
    handoff: Nothing was changed.
    attestation: { no_hardcode: Nothing is written., no_island: Nothing is made. }
  - step: 1
    name: notes
    kind: sql
    after: [0]
    records: [M-1]
    allowed: { objects: [table public.notes] }
    sql: ${changes.sql ?? "CREATE TABLE public.notes (id integer PRIMARY KEY)"}
    evidence:
      - name: notes are there
        sql: SELECT to_regclass('public.notes') IS NOT NULL
        expect: { equals: true }
    rollback:
      mode: revert
      sql: DROP TABLE public.notes
      evidence:
        - name: notes are gone
          sql: SELECT to_regclass('public.notes') IS NULL
          expect: { equals: true }
    handoff: The table is there, empty.
    attestation: { no_hardcode: No value is fixed., no_island: Steps that follow use it. }
`;
}

function save(t: Test, name: string, content: string): string {
  const file = path.join(t.testdirName, name);
  writeFileSync(file, content);
  return file;
}

t.test("PLAN-1 plan lint and digest say what a good file holds, without a service", async (t) => {
  t.testdir({});
  const file = save(t, "notes.yaml", planText());
  const linted = await runCli(t, {}, "plan", "lint", file);
  t.match(linted, { code: 0, stdout: /^notes revision 1: 2 steps, no faults\nsha256:[0-9a-f]{64}\n$/, stderr: "" });
  const digestsOf = async (of: string) =>
    (await runCli(t, {}, "--json", "plan", "digest", of)).json() as unknown as {
      plan_digest: string;
      steps: [{ step_digest: string }, { step_digest: string }];
    };
  const { plan_digest: digest, steps } = await digestsOf(file);
  t.equal(linted.stdout.split("\n")[1], digest);
  t.match((await runCli(t, {}, "plan", "digest", file)).stdout, new RegExp(`1 +notes +sql +${steps[1].step_digest}`));

  const changed = await digestsOf(save(t, "other.yaml", planText({ sql: otherSql })));
  t.not(changed.plan_digest, digest);
  t.equal(changed.steps[0].step_digest, steps[0].step_digest, "the step that did not change");
  t.not(changed.steps[1].step_digest, steps[1].step_digest, "the one that did");
});

t.test("PLAN-8 the shipped plan passes lint, with steps 0 to 7", async (t) => {
  t.testdir({});
  const shipped = fileURLToPath(new URL("../../plans/phase-1.yaml", import.meta.url));
  t.match(await runCli(t, {}, "plan", "lint", shipped), {
    code: 0,
    stdout: /^phase-1 revision \S+: 8 steps, no faults/,
  });
});

t.test("PLAN-1 plan lint and digest name each fault by file, line and column, and end with 1", async (t) => {
  t.testdir({});
  const faulty = async (name: string, content: string, where: RegExp, command = "lint"): Promise<void> => {
    const file = save(t, name, content);
    const { code, stdout } = await runCli(t, {}, "plan", command, file);
    t.equal(code, 1, `${command} ${name}`);
    t.ok(stdout.startsWith(`${file}:`), stdout);
    t.match(stdout.slice(file.length), where, `${command} ${name}`);
  };
  await faulty("key.yaml", planText({ extra: "colour: green\n" }), /^:6:1: .*not known/);
  await faulty("sql.yaml", planText({ sql: "CREATE TABEL public.notes ()" }), /^:22:\d+: \S/);
  await faulty("guard.yaml", planText({ sql: "COMMIT" }), /^:22:10: .*transaction/);
  await faulty("guard.yaml", planText({ sql: "COMMIT" }), /^:22:10: .*transaction/, "digest");
  await faulty("yaml.yaml", planText({ extra: "description: [\n" }), /^:\d+:\d+: \S/);
  await faulty("empty.yaml", "", /^:1:1: \S/);

  const json = await runCli(t, {}, "--json", "plan", "lint", path.join(t.testdirName, "guard.yaml"));
  t.match(json, { code: 1 });
  t.match(json.json()["faults"], [{ pointer: "/steps/1/sql", line: 22, column: Number, detail: String }]);
  t.match(await runCli(t, {}, "plan", "lint", path.join(t.testdirName, "missing.yaml")), {
    code: 2,
    stderr: /cannot read/,
  });
});

t.test("operations: a plan command that is written wrongly ends with 2, before anything is sent", async (t) => {
  t.testdir({});
  // Nobody listens there: whatever is sent would end with 1.
  const nowhere = ["--url", "http://127.0.0.1:9", "--token", "t", "plan"];
  const key = save(t, "key.jwk", JSON.stringify({ kid: "k", kty: "OKP", crv: "Ed25519", x: "AA" }));
  const digest = digestOfBytes("");
  const cases: [RegExp, ...string[]][] = [
    [/missing required argument 'revision'/, "show", "notes"],
    [/-1 is not the number of a step|unknown option/, "rehearse", "notes", "1", "-1"],
    [/one is not the number of a step/, "rehearse", "notes", "1", "one"],
    [/1000 is not the number of a step/, "commit", "notes", "1", "1000"],
    [/--document is name=sha256/, "commit", "notes", "1", "1", "--document", `report=${digest.slice(0, -1)}`],
    [/--document is name=sha256/, "commit", "notes", "1", "1", "--document", digest],
    [/required option '--approval/, "rollback", "notes", "1", "1"],
    [/required option '--act/, "approve", "notes", "1", "1", "--reason", "Read."],
    [/required option '--reason/, "approve", "notes", "1", "1", "--act", "commit"],
    [/--act is commit or rollback/, "approve", "notes", "1", "1", "--act", "undo", "--reason", "Read."],
    [/--ttl is a number of/, "approve", "notes", "1", "1", "--act", "commit", "--reason", "Read.", "--ttl", "1h"],
    [/required option '--reason/, "revoke", "M1-A"],
    [/--running is stop or/, "revoke", "M1-A", "--reason", "No.", "--running", "kill"],
    [/required option '-k, --key/, "sign", "M1-A"],
    [/no private JWK/, "sign", "M1-A", "--key", key],
    [/--kind is C-1 or C-2/, "council", "notes", "1", "1", "--kind", "M-1", "--decision", "Yes."],
    [/required option '--decision/, "council", "notes", "1", "1", "--kind", "C-1"],
    [/cannot read/, "register", path.join(t.testdirName, "missing.yaml")],
  ];
  for (const [stderr, ...args] of cases)
    t.match(await runCli(t, {}, ...nowhere, ...args), { code: 2, stderr }, args.join(" "));
});

type Cli = (...args: string[]) => ReturnType<typeof runCli>;

async function planService(t: Test): Promise<{ target: Target; run: Cli }> {
  const target = await useTarget(t);
  const { url, tokens } = await startService(t, { targets: { default: target.url } });
  const content = { url, sync_secret: syncSecret, tokens: { ...tokens, executor: tokens["c1-builder"] } };
  t.testdir({ "credentials.json": JSON.stringify(content) });
  const credentials = path.join(t.testdirName, "credentials.json");
  return { target, run: (...args) => runCli(t, {}, "--credentials", credentials, ...args) };
}

/** Rehearses an act on step 1. @returns the rehearsal's reference */
async function rehearsed(run: Cli, ...more: string[]): Promise<string> {
  const { stdout, stderr } = await run("plan", "rehearse", "notes", "1", "1", "--watch", ...more);
  const [, ref] = /rehearsal (sha256:[0-9a-f]{64}) passed/.exec(stdout) ?? [];
  if (ref === undefined) throw new Error(`the rehearsal did not pass: ${stdout}${stderr}`);
  return ref;
}

async function approved(run: Cli, act: string, rehearsal: string): Promise<string> {
  const args = ["plan", "approve", "notes", "1", "1", "--act", act, "--rehearsal", rehearsal, "--reason", "Read."];
  const { stdout, stderr } = await run(...args);
  const [, code] = /(M1-\S+)/.exec(stdout) ?? [];
  if (code === undefined) throw new Error(`there is no approval: ${stdout}${stderr}`);
  return code;
}

t.test(
  "PLAN-1 plan register, list, show: a revision never changes, and a broken file is refused by line",
  async (t) => {
    const { run } = await planService(t);
    const file = save(t, "notes.yaml", planText());
    t.match(await run("plan", "register", file, "--dry-run"), { code: 0, stdout: /would be registered/ });
    t.match((await run("plan", "list")).stdout, /^none/);
    const { plan_digest: digest } = (await run("--json", "plan", "lint", file)).json() as { plan_digest: string };
    const registered = { code: 0, stdout: `notes revision 1 is registered: ${digest}\n` };
    t.match(await run("plan", "register", file), registered);
    t.match(await run("plan", "register", file), registered, "the same content again");
    const other = save(t, "other.yaml", planText({ sql: otherSql }));
    t.match(await run("plan", "register", other), { code: 1, stderr: /409 PLAN_CONFLICT/ });
    const broken = save(t, "broken.yaml", planText({ revision: "2", sql: "COMMIT" }));
    const refused = await run("plan", "register", broken);
    t.match(refused, { code: 1, stderr: /400 PLAN_INVALID[^]*\n {2}\/steps\/1\/sql line 22, column 10: / });

    t.match((await run("plan", "list", "--plan", "notes")).stdout, /notes +1 +default +A table of notes\. +requester/);
    const shown = (await run("plan", "show", "notes", "1")).stdout;
    t.match(shown, digest);
    t.match(shown, /1 +notes +sql +open +M-1 +0 +sha256:[0-9a-f]{64}/);
    t.match(await run("plan", "show", "notes", "2"), { code: 1, stderr: /404 NOT_FOUND/ });
  },
);

t.test("PLAN-2 PLAN-7 a step from rehearsal over its approval and commit to its rollback", async (t) => {
  const { run, target } = await planService(t);
  const there = async () =>
    (await target.query<{ there: boolean }>("SELECT to_regclass('public.notes') IS NOT NULL AS there"))[0]?.there;
  t.match(await run("plan", "register", save(t, "notes.yaml", planText())), { code: 0 });
  t.match(await run("plan", "commit", "notes", "1", "0", "--watch"), { code: 0, stdout: /is succeeded/ });

  const first = await run("plan", "rehearse", "notes", "1", "1", "--root", "first", "--watch");
  t.match(first, { code: 0, stdout: /first is succeeded\nrehearsal sha256:[0-9a-f]{64} passed\n/, stderr: "" });
  t.match(first.stdout, /\nadded table public\.notes\n/);
  t.equal(await there(), false);
  const fresh = await run("plan", "commit", "notes", "1", "1");
  t.match(fresh, { code: 1, stderr: /^root plan-[0-9a-f-]{36}\n.*409 STEP_NEEDS_RECORD/ });

  const ref = await rehearsed(run);
  const code = await approved(run, "commit", ref);
  const listed = await run("plan", "approvals", "--status", "active");
  t.match(listed, { code: 0, stdout: new RegExp(`${code} +notes +1 +1 +commit +active`), stderr: "" });
  t.match(await run("plan", "commit", "notes", "1", "1", "--approval", code, "--watch"), { code: 0 });
  t.equal(await there(), true);
  t.match(await run("plan", "commit", "notes", "1", "1", "--approval", code), { code: 1, stderr: /409 / });
  const standing = (await run("plan", "status", "notes", "1")).stdout;
  t.match(standing, /1 +notes +sql +committed +commit: committed +\S+ +c1-builder/);

  const back = await approved(run, "rollback", await rehearsed(run, "--rollback"));
  t.match(await run("plan", "rollback", "notes", "1", "1", "--approval", back, "--watch"), { code: 0 });
  t.equal(await there(), false);
  const status = (await run("plan", "status", "notes", "1", "--ledger")).stdout;
  t.match(status, /1 +notes +sql +rolled_back +rollback: rolled_back/);
  t.match(status, new RegExp(`1 +commit: committed +c1-builder +\\S+ +${code} `));
});

t.test("PLAN-6 a run that stops ends with 1, and says why", async (t) => {
  const { run, target } = await planService(t);
  t.match(await run("plan", "register", save(t, "notes.yaml", planText())), { code: 0 });
  await target.query("CREATE TABLE public.notes (id integer)");
  const stopped = await run("plan", "commit", "notes", "1", "0", "--watch");
  t.match(stopped, { code: 1, stdout: /is stopped in .*EVIDENCE_FAILED/ });
});

t.test("PLAN-9 plan sign and council: a signed step with a council record", async (t) => {
  const { run } = await planService(t);
  const text = planText().replace("records: [M-1]", "records: [M-1, C-1]\n    signed: true");
  t.match(await run("plan", "register", save(t, "notes.yaml", text)), { code: 0 });
  t.match((await run("plan", "show", "notes", "1")).stdout, /M-1 C-1, signed/);
  t.equal((await run("plan", "commit", "notes", "1", "0", "--watch")).code, 0);
  const key = path.join(t.testdirName, "key.jwk");
  const { kid } = (await run("--json", "key", "generate", "-o", key)).json() as { kid: string };
  t.equal((await run("key", "register", "-k", key)).code, 0);
  t.equal((await run("key", "confirm", kid)).code, 0);

  const ref = await rehearsed(run);
  const code = await approved(run, "commit", ref);
  const early = await run("plan", "commit", "notes", "1", "1", "--approval", code);
  t.match(early, { code: 1, stderr: /409 (RECORD_UNSIGNED|STEP_NEEDS_RECORD)/ });
  const wrong = await run("plan", "sign", code, "--key", key, "--digest", digestOfBytes("another"));
  t.match(wrong, { code: 2, stderr: /nothing was signed/ });
  t.match(await run("plan", "sign", code, "--key", key), { code: 0, stdout: new RegExp(`${code} is active`) });

  const council = ["plan", "council", "notes", "1", "1", "--kind", "C-1", "--decision", "Go on."];
  const meant = await run(...council, "--digest", digestOfBytes("another"));
  t.match(meant, { code: 2, stderr: /nothing was written/ });
  t.match(await run(...council, "--document-digest", digestOfBytes("minutes")), { code: 0, stdout: /C1-/ });
  t.match((await run("plan", "council-records")).stdout, /C1-\S+ +C-1 +notes +1 +1 +live +council_1/);
  t.equal((await run("plan", "commit", "notes", "1", "1", "--approval", code, "--watch")).code, 0);
});

t.test("PLAN-2 plan revoke: an approval that is taken back commits nothing", async (t) => {
  const { run } = await planService(t);
  t.match(await run("plan", "register", save(t, "notes.yaml", planText())), { code: 0 });
  t.equal((await run("plan", "commit", "notes", "1", "0", "--watch")).code, 0);
  const code = await approved(run, "commit", await rehearsed(run));
  const revoked = await run("plan", "revoke", code, "--reason", "Not now.");
  t.match(revoked, { code: 0, stdout: `${code} is revoked: Not now.` });
  const late = await run("plan", "commit", "notes", "1", "1", "--approval", code);
  t.match(late, { code: 1, stderr: /409 RECORD_REVOKED/ });
});

t.test("PLAN-1 plan commit of a record step: its documents, and no run to follow", async (t) => {
  const { run } = await planService(t);
  const text = `${planText()}  - step: 2
    name: minutes
    kind: record
    documents: [Minutes of the day]
    handoff: The minutes are kept.
    attestation: { no_hardcode: No value is fixed., no_island: Nothing is made. }
`;
  t.match(await run("plan", "register", save(t, "notes.yaml", text)), { code: 0 });
  const commit = ["plan", "commit", "notes", "1", "2", "--root", "minutes"];
  t.match(await run(...commit), { code: 1, stderr: /400 DOCUMENTS_MISSING/ });
  const documents = ["--document", `Minutes of the day=${digestOfBytes("minutes")}`];
  const done = await run(...commit, ...documents, "--watch");
  t.match(done, { code: 0, stdout: /^step 2 is committed, by c1-builder at \S+\n$/ });
  t.match(await run(...commit, ...documents), { code: 0, stdout: done.stdout }, "the same root again");
  const { steps, ledger } = (await run("--json", "plan", "status", "notes", "1")).json();
  t.match(steps, [{ status: "open" }, { status: "open" }, { step: 2, status: "committed" }]);
  t.match(ledger, [{ seq: 1, step: 2, outcome: "committed", idempotency_root: "minutes" }]);
});
