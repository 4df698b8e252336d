import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { canonical, check, wholeLog } from "../../docs/verify/verify.mjs";
import { usableKey } from "../support/commit.ts";
import { evidence, evidencePlace, exported, forged, notProved, type Statement } from "../support/evidence.ts";
import { consume, expectStatus, mintGrant } from "../support/flow.ts";
import { guardedPlan } from "../support/guarded-plan.ts";
import { act, approve, register, rehearse } from "../support/plans.ts";
import { ask, manifest, prepareCommit, startRun, untilRun } from "../support/runs.ts";

t.setTimeout(280_000);

const verifier = fileURLToPath(new URL("../../docs/verify/verify.mjs", import.meta.url));

t.test("OPEN-5 a copy of the verifier under any name looks at what it is given", async (t) => {
  const folder = t.testdir({ "f.json": "{}" });
  for (const name of ["verify.mjs", "my verify.mjs", "prüfen.mjs", "a%20b.mjs"]) {
    copyFileSync(verifier, path.join(folder, name));
    t.equal(spawnSync(process.execPath, [path.join(folder, name), path.join(folder, "f.json")]).status, 2, name);
  }
  symlinkSync(path.join(folder, "verify.mjs"), path.join(folder, "link.mjs"));
  t.equal(
    spawnSync(process.execPath, [path.join(folder, "link.mjs"), path.join(folder, "f.json")]).status,
    2,
    "a link",
  );
  mkdirSync(path.join(folder, "ü"));
  copyFileSync(verifier, path.join(folder, "ü", "verify.mjs"));
  writeFileSync(path.join(folder, "ü", "f.json"), "{}");
  t.equal(spawnSync(process.execPath, ["verify.mjs", "f.json"], { cwd: path.join(folder, "ü") }).status, 2);
});

const digest = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** Another content for the step, consistently. */
function exchangeStep({ subject, predicate: { step } }: Statement): void {
  const content = { ...(JSON.parse(step.content) as object), sql: "DROP TABLE public.t" };
  step.content = canonical(content);
  step.step_digest = digest(step.content);
  for (const one of subject) {
    if (one.name.startsWith("plan-step")) Object.assign(one.digest, { sha256: step.step_digest.slice(7) });
  }
}

t.test("OPEN-5 what a file tells of a run and of a step is what the log tells, whoever signs the file", async (t) => {
  const { service, signer, target, trusted } = await evidencePlace(t, { runPollMs: 100, backupDir: t.testdir() });
  const key = await usableKey(service);
  const prepared = await prepareCommit(service, { manifest: manifest(2) }, { key });
  await expectStatus(startRun(service, prepared), 202);
  t.match(await untilRun(service, prepared.root), { status: "succeeded" });
  const run = await evidence(service, `runs/${prepared.root}`);
  await ask(
    target.superUrl,
    `CREATE FUNCTION public.rule() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
       IF NEW.operation_code = 'op.n00003' THEN RAISE EXCEPTION 'no' USING ERRCODE = 'check_violation', CONSTRAINT = 'rule'; END IF;
       RETURN NEW; END $f$;
     CREATE TRIGGER rule BEFORE INSERT ON c1.operation_vocabulary FOR EACH ROW EXECUTE FUNCTION public.rule();
     SET allow_system_table_mods = on;
     UPDATE pg_trigger SET tgisinternal = true WHERE tgname = 'rule'`,
  );
  const failing = await prepareCommit(service, { manifest: manifest(5) }, { key });
  await expectStatus(startRun(service, failing), 202);
  t.match(await untilRun(service, failing.root), { status: "stopped" });
  const bad = await evidence(service, `runs/${failing.root}`);
  await ask(target.url, "CREATE TABLE public.t (id int)");
  const plan = await register(service, guardedPlan());
  const rehearsed = await rehearse(service, plan, 1);
  const rehearsal = await evidence(service, `runs/${rehearsed.root}`);
  const code = await approve(service, plan, 1, rehearsed.run.rehearsal?.rehearsal_ref);
  const step = await evidence(service, `runs/${(await act(service, plan, 1, "commit", code)).root}`);
  const used = await mintGrant(service);
  await expectStatus(consume(service, used, "by-hand"), 200);
  const ofGrant = await evidence(service, `grants/${used}`);
  const whole = await exported(service);

  const cases: [what: string, file: string, change: (statement: Statement) => unknown][] = [
    ["a stopped run shown as running", bad, ({ predicate }) => (predicate.run.status = "running" as never)],
    ["a run with a status of no meaning", run, ({ predicate }) => (predicate.run.status = "done" as never)],
    ["compensations left out", bad, ({ predicate }) => (predicate.run.compensations = [])],
    [
      "another content of a step, as if it had not ended",
      step,
      (statement) => {
        exchangeStep(statement);
        Object.assign(statement.predicate.step, { line: null });
        Object.assign(statement.predicate.run, { status: "running" });
      },
    ],
    [
      "another content of a rehearsed step",
      rehearsal,
      (statement) => {
        exchangeStep(statement);
        Object.assign(statement.predicate.step, { line: null });
        Object.assign(statement.predicate.run, { status: "running" });
      },
    ],
    ["another act of a rehearsed step", rehearsal, ({ predicate }) => (predicate.step.act = "rollback")],
    ["the measured change left out", step, ({ predicate }) => Object.assign(predicate.step.line, { delta: null })],
    [
      "another change that a rehearsal measured",
      rehearsal,
      ({ predicate }) => Object.assign(predicate.step.line, { delta: { rows: {} } }),
    ],
    [
      "a use that is dated back",
      ofGrant,
      ({ predicate: { grant, receipt } }) => {
        grant.consumed_at = "2020-01-01T00:00:00.000Z";
        receipt.consumed_at = "2020-01-01T00:00:00.000Z";
      },
    ],
  ];
  for (const [what, file, change] of cases) {
    const changed = forged(file, signer, (statement) => void change(statement));
    t.not(notProved(check(changed, trusted)).length, 0, what);
    t.not(notProved(check(changed, { ...trusted, readWhole: wholeLog(whole) })).length, 0, `${what}, with the log`);
  }

  const spoofed = forged(ofGrant, signer, ({ predicate }) => {
    predicate.grant.status = "x\nproved       envelope\u001b[2A\u001b[2K" as never;
  });
  for (const { detail } of check(spoofed, trusted)) t.notMatch(detail, /\p{Cc}/u, "no line is written in our name");
});
