import { readFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { digestOfBytes } from "../../src/kernel/json.ts";
import { mintActive, sovereignRequest } from "../support/commit.ts";
import { installPlan, useUnits } from "../support/lifecycle.ts";
import type { Target } from "../support/runs.ts";
import { type InProcess, startService, syncSecret } from "../support/service.ts";
import { runCli } from "./run-cli.ts";

t.setTimeout(400_000);

type Cli = (...args: string[]) => ReturnType<typeof runCli>;

interface Place {
  readonly service: InProcess;
  readonly target: Target;
  readonly run: Cli;
}

/** A service before a target that both plans were rolled out to. */
async function place(t: Test): Promise<Place> {
  const target = await useUnits(t);
  for (const plan of ["lifecycle-enactment.yaml", "lifecycle-backlog.yaml"]) await installPlan(target, plan);
  const service = await startService(t, { targets: { default: target.url }, config: { runPollMs: 150 } });
  const { url, tokens } = service;
  const content = { url, sync_secret: syncSecret, tokens: { ...tokens, executor: tokens["c1-builder"] } };
  t.testdir({ "credentials.json": JSON.stringify(content) });
  const credentials = path.join(t.testdirName, "credentials.json");
  return { service, target, run: (...args) => runCli(t, {}, "--credentials", credentials, ...args) };
}

/** Has the council decide. @returns the decision's id */
async function decided(run: Cli, kind: string, subject = "ICX-CONST/*", ...more: string[]): Promise<string> {
  const args = ["--kind", kind, "--decision", "approve", "--subject", subject, "--reason", "As discussed.", ...more];
  const { stdout, stderr, code } = await run("--json", "decision", "record", ...args);
  if (code !== 0) throw new Error(stderr);
  return (JSON.parse(stdout) as { decision_id: string }).decision_id;
}

const axis = { carrier: "IU", axis: "dot:iu:lifecycle" };

/** A signed grant for what is in a manifest's file. @returns its code */
async function granted(
  service: InProcess,
  file: string,
  transition: "ENACT" | "RETIRE" | "SUPERSEDE",
): Promise<string> {
  const manifest = JSON.parse(readFileSync(file, "utf8")) as { manifest_digest: string; schema_digest: string };
  const { manifest_digest, schema_digest } = manifest;
  const action_set = [`iu_${transition.toLowerCase()}`];
  const action = { ...axis, target: `IU_LIFECYCLE_${transition}`, manifest_digest, schema_digest, action_set };
  return (await mintActive(service, sovereignRequest({}, action))).authCode;
}

t.test("operations: a lifecycle command that is written wrongly ends with 2, before anything is sent", async (t) => {
  t.testdir({ "retire.json": JSON.stringify({ build: "lifecycle-retire", input: { transition: "retire" } }) });
  // Nobody listens there: whatever is sent would end with 1.
  const nowhere = ["--url", "http://127.0.0.1:9", "--token", "t"];
  const manifest = ["lifecycle", "manifest", "enact", "--decision", "d", "--reason", "r"];
  const decision = ["decision", "record", "--subject", "A/*", "--reason", "r"];
  const cases: [RegExp, ...string[]][] = [
    [/missing required argument 'transition'/, "lifecycle", "manifest", "--decision", "d", "--reason", "r"],
    [
      /the transition is enact, supersede or retire/,
      "lifecycle",
      "manifest",
      "revert",
      "--decision",
      "d",
      "--reason",
      "r",
    ],
    [/required option '--decision/, "lifecycle", "manifest", "enact", "--reason", "r"],
    [/required option '--reason/, "lifecycle", "manifest", "enact", "--decision", "d"],
    [/either --address or --prefix/, ...manifest],
    [/either --address or --prefix/, ...manifest, "--address", "A/B", "--prefix", "A/"],
    [/give a manifest and --auth-code/, "lifecycle", "enact"],
    [/give a manifest and --auth-code/, "lifecycle", "enact", path.join(t.testdirName, "retire.json")],
    [
      /is no manifest of enact/,
      "lifecycle",
      "enact",
      path.join(t.testdirName, "retire.json"),
      "--auth-code",
      "GBA-IU-A",
    ],
    [/cannot read/, "lifecycle", "enact", path.join(t.testdirName, "missing.json"), "--auth-code", "GBA-IU-A"],
    [/--dry-run needs --address and --decision/, "lifecycle", "retire", "--dry-run", "--address", "A/B"],
    [/takes no manifest/, "lifecycle", "retire", "manifest.json", "--dry-run", "--address", "A/B", "--decision", "d"],
    [/unknown option '--new-version'/, "lifecycle", "retire", "--dry-run", "--new-version", "v"],
    [/required option '--digest/, "lifecycle", "baseline", "take", "--reason", "r"],
    [/x1 is not the number of an incident/, "lifecycle", "resolve", "x1", "--reason", "r"],
    [/required option '--reason/, "lifecycle", "resolve", "1"],
    [/--kind is enactment, supersession/, ...decision, "--kind", "creation", "--decision", "approve"],
    [/--decision is approve or reject/, ...decision, "--kind", "enactment", "--decision", "yes"],
    [/--subject is what/, "decision", "record", "--kind", "enactment", "--decision", "approve", "--reason", "r"],
    [
      /required option '--reason/,
      "decision",
      "record",
      "--kind",
      "enactment",
      "--decision",
      "approve",
      "--subject",
      "A/*",
    ],
  ];
  for (const [stderr, ...args] of cases)
    t.match(await runCli(t, {}, ...nowhere, ...args), { code: 2, stderr }, args.join(" "));
});

t.test("LIFE-6 decision record, list and show: one transition, and carried into the target", async (t) => {
  const { run, target } = await place(t);
  const minutes = digestOfBytes("minutes");
  const id = await decided(
    run,
    "enactment",
    "ICX-CONST/*",
    "--subject",
    "DIEU-44/KHOAN-1",
    "--document-digest",
    minutes,
  );
  const shown = (await run("decision", "show", id)).stdout;
  t.match(shown, new RegExp(`${id}[^]*enactment[^]*approve[^]*ICX-CONST/\\*[^]*KHOAN-1[^]*${minutes}[^]*council_1`));
  t.match(
    (await run("decision", "list", "--kind", "enactment")).stdout,
    new RegExp(`${id} +default +enactment +approve`),
  );
  t.match((await run("decision", "list", "--kind", "retirement")).stdout, /^none/);
  t.match(await run("decision", "show", "29c88a7b-0000-4000-8000-00000000ffff"), { code: 1, stderr: /404 NOT_FOUND/ });
  // Who asks for a manifest has the decisions carried first.
  const made = await run(
    "lifecycle",
    "manifest",
    "enact",
    "--prefix",
    "ICX-CONST/",
    "--decision",
    id,
    "--reason",
    "Law.",
  );
  t.equal(made.code, 0, made.stderr);
  const rows = await target.query("SELECT decided_by FROM cutter_governance.review_decision WHERE id = $1", [id]);
  t.same(rows, [{ decided_by: "council_1" }]);
});

t.test("LIFE-1 lifecycle enact --dry-run: the gateway's own words, exit 1 for a no, and nothing written", async (t) => {
  const { run, target } = await place(t);
  const id = await decided(run, "enactment");
  const dry = (address: string, decision = id, ...more: string[]) =>
    run("lifecycle", "enact", "--dry-run", "--address", address, "--decision", decision, ...more);
  const asked = await dry("ICX-CONST/DIEU-0");
  t.match(asked, { code: 0, stdout: /status +plan_ok[^]*draft[^]*enacted[^]*"log":1/ }, asked.stderr);
  t.match(await dry("ICX-CONST/DIEU-60"), { code: 1, stdout: /iu_not_found/ });
  t.match(await dry("DIEU-44/KHOAN-1"), { code: 1, stdout: /review_decision_other_subject/ });
  const creation = "29c88a7b-0000-4000-8000-000000000001";
  t.match(await dry("ICX-CONST/DIEU-0", creation), { code: 1, stdout: /review_decision_wrong_kind/ });
  const nobody = "29c88a7b-0000-4000-8000-00000000ffff";
  t.match(await dry("ICX-CONST/DIEU-0", nobody), { code: 1, stdout: /review_decision_not_found/ });
  t.match(await dry("ICX-CONST/DIEU-0", id, "--change-set", nobody), { code: 1, stdout: /change_set_not_found/ });
  const retire = ["lifecycle", "retire", "--dry-run", "--address", "ICX-CONST/DIEU-0", "--decision"];
  t.match(await run(...retire, id, "--reason", "No."), { code: 1, stdout: /review_decision_wrong_kind/ });
  t.same(await target.query("SELECT log_id FROM public.iu_lifecycle_log"), []);
});

t.test("LIFE-6 lifecycle manifest, enact and log: many units under one grant, once", async (t) => {
  const { run, service } = await place(t);
  const file = path.join(t.testdirName, "enact.json");
  const id = await decided(run, "enactment");
  const undo = await decided(run, "retirement");
  const units = ["--address", "ICX-CONST/DIEU-1", "--address", "ICX-CONST/DIEU-0"];
  const terms = ["--decision", id, "--compensation", undo, "--reason", "The first two."];
  const made = await run("lifecycle", "manifest", "enact", ...units, ...terms, "-o", file);
  t.match(
    made,
    { code: 0, stdout: /build +lifecycle-enact[^]*count +2[^]*DIEU-0 +plan_ok +draft +enacted/ },
    made.stderr,
  );
  const code = await granted(service, file, "ENACT");

  const other = path.join(t.testdirName, "other.json");
  await run("lifecycle", "manifest", "enact", "--address", "ICX-CONST/DIEU-2", ...terms, "-o", other);
  const wrong = await run("lifecycle", "enact", other, "--auth-code", code);
  t.match(wrong, { code: 1, stderr: /CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH[^]*manifest_digest/ }, "another manifest");

  const done = await run("lifecycle", "enact", file, "--auth-code", code, "--root", "first-two", "--watch");
  t.match(done, { code: 0, stdout: /first-two is succeeded/ }, done.stderr);
  const again = await run("lifecycle", "enact", file, "--auth-code", code, "--root", "first-two", "--watch");
  t.match(again, { code: 0, stdout: /first-two is succeeded/ }, "the same root again is the same run");
  const fresh = await run("lifecycle", "enact", file, "--auth-code", code);
  t.match(fresh, { code: 1, stderr: /^root lifecycle-[0-9a-f-]{36}\n.*409 REJECT_AUTH_ALREADY_CONSUMED/ });

  const log = (await run("lifecycle", "log", "--root", "first-two")).stdout.trim().split("\n");
  t.equal(log.length, 3, "a line each, and the head");
  t.match(
    log[1],
    new RegExp(`enact +ICX-CONST/DIEU-1 +draft > enacted +c1-builder +${id} +first-two +The first two\\.`),
  );
  t.match((await run("lifecycle", "log", "--address", "ICX-CONST/DIEU-2")).stdout, /^none/);
  const enacted = (await run("lifecycle", "units", "--status", "enacted")).stdout.trim().split("\n");
  t.equal(enacted.length, 3);
  t.match(enacted[1], /ICX-CONST\/DIEU-0 +enacted +1 +- +\d{4}-/);
  const drafts = await run(
    "--json",
    "lifecycle",
    "units",
    "--prefix",
    "ICX-CONST/",
    "--status",
    "draft",
    "--limit",
    "100",
  );
  t.equal((drafts.json()["items"] as unknown[]).length, 58);
  const page = (await run("lifecycle", "units", "--limit", "1")).stdout;
  const [, cursor = ""] = /more: --cursor (\S+)/.exec(page) ?? [];
  t.match((await run("lifecycle", "units", "--limit", "1", "--cursor", cursor)).stdout, /DIEU-44\/KHOAN-10 /);

  const late = await run("lifecycle", "manifest", "enact", ...units, ...terms);
  t.match(late, { code: 1, stdout: /passed +false[^]*DIEU-0 +already_enacted/ }, "tried, and refused");
});

/** Enacts units by the command line. */
async function inForce(t: Test, { run, service }: Place, ...units: string[]): Promise<void> {
  const file = path.join(t.testdirName, "first.json");
  const id = await decided(run, "enactment");
  const chosen = units.flatMap((unit) => ["--address", unit]);
  await run("lifecycle", "manifest", "enact", ...chosen, "--decision", id, "--reason", "Law.", "-o", file);
  const done = await run("lifecycle", "enact", file, "--auth-code", await granted(service, file, "ENACT"), "--watch");
  if (done.code !== 0) throw new Error(done.stdout + done.stderr);
}

t.test("LIFE-7 lifecycle supersede: a draft version beside the enacted one takes its place", async (t) => {
  const here = await place(t);
  const { run, service, target } = here;
  await inForce(t, here, "ICX-CONST/DIEU-7");
  const id = await decided(run, "supersession");
  const edit =
    "SELECT public.fn_iu_apply_edit_draft('ICX-CONST/DIEU-7', 'Điều 7', 'The better text.', 'editor') AS answer";
  const [row] = await target.query<{ answer: { uv_id: string } }>(edit);
  const version = row?.answer.uv_id ?? "";
  t.match((await run("lifecycle", "units", "--prefix", "ICX-CONST/DIEU-7")).stdout, /DIEU-7 +enacted +1 +2 +\d{4}-/);
  const dry = ["lifecycle", "supersede", "--dry-run", "--address", "ICX-CONST/DIEU-7", "--decision", id];
  t.match(await run(...dry, "--new-version", version), { code: 0, stdout: /plan_ok[^]*"log":2/ });
  const [old] = await target.query<{ id: string }>(
    "SELECT version_anchor_ref AS id FROM public.information_unit WHERE canonical_address = 'ICX-CONST/DIEU-7'",
  );
  t.match(await run(...dry, "--new-version", old?.id ?? ""), { code: 1, stdout: /self_supersession/ });

  const file = path.join(t.testdirName, "supersede.json");
  const unit = ["--address", `ICX-CONST/DIEU-7=${version}`, "--decision", id, "--reason", "A better text."];
  const made = await run("lifecycle", "manifest", "supersede", ...unit, "-o", file);
  t.match(made, { code: 0, stdout: /passed +true/ }, made.stderr);
  const code = await granted(service, file, "SUPERSEDE");
  const done = await run("lifecycle", "supersede", file, "--auth-code", code, "--root", "better", "--watch");
  t.match(done, { code: 0, stdout: /better is succeeded/ }, done.stderr);
  t.match((await run("lifecycle", "units", "--prefix", "ICX-CONST/DIEU-7")).stdout, /DIEU-7 +enacted +2 +- +\d{4}-/);
  const log = (await run("lifecycle", "log", "--root", "better")).stdout;
  t.match(log, / enact +ICX-CONST\/DIEU-7 +draft > enacted/);
  t.match(log, / supersede +ICX-CONST\/DIEU-7 +enacted > superseded/);
});

t.test("LIFE-7 lifecycle retire: the way forward out of an enactment by mistake", async (t) => {
  const here = await place(t);
  const { run, service } = here;
  await inForce(t, here, "ICX-CONST/DIEU-9");
  const id = await decided(run, "retirement", "ICX-CONST/DIEU-9");
  const file = path.join(t.testdirName, "retire.json");
  const terms = ["--decision", id, "--reason", "accidental_enactment_compensation"];
  const made = await run("lifecycle", "manifest", "retire", "--address", "ICX-CONST/DIEU-9", ...terms, "-o", file);
  t.equal(made.code, 0, made.stdout + made.stderr);
  const code = await granted(service, file, "RETIRE");
  const done = await run("lifecycle", "retire", file, "--auth-code", code, "--root", "sorry", "--watch");
  t.match(done, { code: 0, stdout: /sorry is succeeded/ }, done.stderr);
  t.match((await run("lifecycle", "units", "--status", "retired")).stdout, /ICX-CONST\/DIEU-9 +retired/);
  const log = (await run("lifecycle", "log", "--address", "ICX-CONST/DIEU-9")).stdout.trim().split("\n");
  t.match(log[1], /retire +ICX-CONST\/DIEU-9 +enacted > retired[^]*accidental_enactment_compensation/);
  t.match(log[2], /enact +ICX-CONST\/DIEU-9 +draft > enacted/, "which stays");
});

t.test(
  "OPEN-10 lifecycle baseline, watch, incidents and resolve: each difference is told, and ends with 1",
  async (t) => {
    const { run, target } = await place(t);
    const before = await run("--json", "lifecycle", "watch");
    t.match(before, { code: 0 }, before.stderr);
    t.match(before.json(), { baseline_id: null, differences: [], opened: [] });
    const digest = String(before.json()["gateway_digest"]);
    const take = ["lifecycle", "baseline", "take", "--reason", "Both plans.", "--digest"];
    t.match(await run(...take, digestOfBytes("another")), {
      code: 1,
      stderr: /409 GATEWAY_CHANGED[^]*\/gateway_digest/,
    });
    const taken = await run(...take, digest);
    t.match(taken, { code: 0, stdout: /baseline_id +1\n[^]*taken_by +sovereign/ }, taken.stderr);
    t.match(
      (await run("lifecycle", "baseline", "list")).stdout,
      new RegExp(`1 +default +\\d+ +sovereign +\\S+ +${digest}`),
    );
    t.match(await run("lifecycle", "watch"), {
      code: 0,
      stdout: /detector +not_installed[^]*contradictions +0\n[^]*\nnone\n$/,
    });

    await target.query("ALTER TABLE public.information_unit DISABLE TRIGGER trg_aa_iu_gateway_write_guard");
    const changed = await run("lifecycle", "watch");
    t.match(changed, {
      code: 1,
      stdout: /information_unit\.trg_aa_iu_gateway_write_guard +fires +"always" +"disabled"/,
    });
    const open = ["lifecycle", "incidents", "--status", "open", "--kind", "gateway_changed"];
    const row = /1 +\S+ +open +gateway_changed +trigger public\.information_unit\.trg_aa_iu_gateway_write_guard/;
    t.match((await run(...open)).stdout, row);
    t.match(await run("lifecycle", "watch"), { code: 1 }, "as long as it differs");
    await target.query("ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard");
    t.match(await run("lifecycle", "watch"), { code: 0 });
    t.match((await run(...open)).stdout, row, "it stays until somebody resolves it");
    const resolved = await run("lifecycle", "resolve", "1", "--reason", "For this test.");
    t.match(resolved, { code: 0, stdout: "incident 1 is resolved: For this test.\n" }, resolved.stderr);
    t.match((await run(...open)).stdout, /^none/);
    t.match(await run("lifecycle", "resolve", "2", "--reason", "No."), { code: 1, stderr: /404 NOT_FOUND/ });
  },
);

t.test("LIFE-5 lifecycle verify: a summary, a page, and exit 1 with what fails", async (t) => {
  const { run, target } = await place(t);
  const page = path.join(t.testdirName, "verification.html");
  const fine = await run("lifecycle", "verify", "--html", page);
  t.match(
    fine,
    { code: 0, stdout: /passed +true[^]*existence +7 +7\n[^]*roles +(\d+) +\1\n/ },
    fine.stdout + fine.stderr,
  );
  t.match(readFileSync(page, "utf8"), /^<!doctype html>[^]*Verification of the lifecycle gateway of default/i);
  await target.query("REVOKE EXECUTE ON FUNCTION public.fn_iu_enact FROM cutter_exec");
  const failing = await run("lifecycle", "verify");
  t.match(failing, { code: 1, stdout: /passed +false[^]*FAILED[^]*cutter_exec +EXECUTE on public\.fn_iu_enact/ });
  t.match((await run("--json", "lifecycle", "verify")).json(), { passed: false, existence: { passed: false } });
  const nowhere = await run("lifecycle", "verify", "--html", path.join(page, "no-folder"));
  t.match(nowhere, { code: 2, stderr: /cannot write/ });
  t.match(await run("lifecycle", "verify", "--database", "elsewhere"), { code: 1, stderr: /400 INVALID_REQUEST/ });
});

t.test("LIFE-6 lifecycle close-out: of a finished run, as text and as a page", async (t) => {
  const here = await place(t);
  const { run, target } = here;
  await inForce(t, here, "ICX-CONST/DIEU-5");
  const [{ root } = { root: "" }] = await target.query<{ root: string }>(
    "SELECT run_ref AS root FROM public.iu_lifecycle_log",
  );
  const page = path.join(t.testdirName, "close-out.html");
  const closed = await run("lifecycle", "close-out", root, "--html", page);
  t.match(
    closed,
    { code: 0, stdout: /passed +true[^]*ICX-CONST\/DIEU-5 +enacted +enacted +\d+ +- +true/ },
    closed.stdout,
  );
  t.match(readFileSync(page, "utf8"), /ICX-CONST\/DIEU-5/);
  t.match(await run("lifecycle", "close-out", "no-such-run"), { code: 1, stderr: /404 NOT_FOUND/ });
});
