import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { canonical, check, wholeLog } from "../../../docs/verify/verify.mjs";
import { detachedJws, type TestKey, usableKey } from "../../support/commit.ts";
import {
  evidence,
  type EvidencePlace,
  evidencePlace,
  exported,
  forged,
  notProved,
  type Statement,
  statusOf,
} from "../../support/evidence.ts";
import { consume, expectStatus, mintGrant } from "../../support/flow.ts";
import { guardedPlan } from "../../support/guarded-plan.ts";
import { act, approve, register, rehearse } from "../../support/plans.ts";
import { ask, manifest, prepareCommit, startRun, untilRun } from "../../support/runs.ts";

t.setTimeout(280_000);

const verifier = fileURLToPath(new URL("../../../docs/verify/verify.mjs", import.meta.url));

const names = (file: string, trusted: Parameters<typeof check>[1]): string[] => [
  ...new Set(notProved(check(file, trusted)).map(({ claim }) => claim)),
];

/** What a file shows in another way than the log, signed anew with the log's key, and the claim that does not hold any more. */
type Forgery = [
  what: string,
  change: (predicate: Statement["predicate"], statement: Statement) => unknown,
  claim: string,
];

function refuse(
  t: Pick<Test, "ok" | "same">,
  file: string,
  { signer, trusted }: Pick<EvidencePlace, "signer" | "trusted">,
  forgeries: readonly Forgery[],
): void {
  t.same(names(file, trusted), [], "the control: as it is");
  for (const [what, change, claim] of forgeries) {
    const altered = forged(file, signer, (statement) => void change(statement.predicate, statement));
    t.ok(names(altered, trusted).includes(claim), `${what}: ${claim}, of ${names(altered, trusted).join()}`);
  }
}

const digestOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const long = "2020-01-01T00:00:00.000Z";

t.test("OPEN-5 a copy of the verifier under any name looks at what it is given", async (t) => {
  const folder = t.testdir({ "f.json": '{"\u001b[2J\nproved' });
  const run = (...args: string[]) => spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  for (const name of ["verify.mjs", "my verify.mjs", "prüfen.mjs", "a%20b.mjs", "ü/verify.mjs"]) {
    mkdirSync(path.join(folder, "ü"), { recursive: true });
    copyFileSync(verifier, path.join(folder, name));
    t.equal(run(path.join(folder, name), "f.json").status, 2, name);
    t.equal(run(name, "f.json").status, 2, `${name}, from its folder`);
  }
  symlinkSync(path.join(folder, "verify.mjs"), path.join(folder, "link.mjs"));
  t.equal(run("link.mjs", "f.json").status, 2, "a link");
  t.equal(run("--preserve-symlinks-main", "link.mjs", "f.json").status, 2, "a link that is not followed");
  const { stderr } = run("verify.mjs", "f.json");
  t.match(stderr, /^verify: /);
  t.notMatch(stderr.trimEnd(), /\p{Cc}/u, "what it says of the file is one line");
});

const ofRun: Forgery[] = [
  ["a status of no meaning", ({ run }) => Object.assign(run, { status: "done" }), "run"],
  ["an end that is taken back", ({ run }) => Object.assign(run, { status: "running", finished_at: null }), "run"],
  ["another outcome", ({ run }) => Object.assign(run, { outcome: null }), "run"],
  ["another environment", ({ run }) => Object.assign(run, { environment: "rehearsal" }), "run"],
  ["no lease", ({ run }) => Object.assign(run, { lease: null }), "run"],
  ["a run that began long ago", ({ run }) => Object.assign(run, { created_at: long }), "run"],
  ["a state that it never came to", ({ run }) => Object.assign(run, { last_ok_state: "S2" }), "states"],
  ["a state less", ({ run }) => run.states.splice(3, 1), "states"],
];

const ofStopped: Forgery[] = [
  ...ofRun,
  ["compensations left out", ({ run }) => Object.assign(run, { compensations: [] }), "left"],
  [
    "a compensation that failed",
    ({ run }) => Object.assign(run.compensations.at(0) ?? {}, { status: "failed" }),
    "left",
  ],
  ["a state that did not fail", ({ run }) => Object.assign(run.states.at(4) ?? {}, { status: "pending" }), "left"],
  ["an error that is hidden", ({ run }) => Object.assign(run.states.at(4) ?? {}, { error: null }), "left"],
  [
    "an error that was not",
    ({ run }) => Object.assign(run.states.at(3) ?? {}, { error: { code: "A", detail: "" } }),
    "left",
  ],
  ["what was never left", ({ run }) => Object.assign(run.states.at(4) ?? {}, { detail: { admitted: 5 } }), "left"],
];

const ofSigned: Forgery[] = [
  ["signed long ago", ({ grant }) => Object.assign(grant.signature, { signed_at: long }), "signature"],
  ["another reference", ({ grant }) => Object.assign(grant, { sovereign_esign_ref: "sha256:0" }), "grant"],
  ["confirmed by another", ({ keys }) => Object.assign(keys.at(0) ?? {}, { confirmed_by: "council_9" }), "key"],
  [
    "a key that was revoked",
    ({ keys }) => Object.assign(keys.at(0) ?? {}, { status: "revoked", usable: false }),
    "key",
  ],
];

t.test("OPEN-5 what the file shows of a run is what the log tells, whoever signs the file", async (t) => {
  const place = await evidencePlace(t);
  const { service, target } = place;
  const key = await usableKey(service);
  const good = await prepareCommit(service, { manifest: manifest(2) }, { key });
  await expectStatus(startRun(service, good), 202);
  t.match(await untilRun(service, good.root), { status: "succeeded" });
  const file = await evidence(service, `runs/${good.root}`);
  refuse(t, file, place, [...ofRun, ...ofSigned]);
  const hidden = forged(file, place.signer, ({ predicate }) => {
    Object.assign(predicate, { run: null });
    Reflect.deleteProperty(predicate.grant.evidence, "run");
    predicate.events = predicate.events.filter(({ event: { action } }) => !/^run\.|run_recorded/.test(action));
  });
  t.same(names(hidden, place.trusted), [], "nobody knows of a run that is left out with all that tells of it");
  const complete = check(hidden, { ...place.trusted, readWhole: wholeLog(await exported(service)) });
  t.match(complete.find(({ claim }) => claim === "complete")?.detail, /But it has .* run\.started,/);

  await ask(
    target.superUrl,
    `CREATE FUNCTION public.rule() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
       IF NEW.operation_code = 'op.n00003' THEN RAISE EXCEPTION 'no' USING ERRCODE = 'check_violation', CONSTRAINT = 'rule'; END IF;
       RETURN NEW; END $f$;
     CREATE TRIGGER rule BEFORE INSERT ON c1.operation_vocabulary FOR EACH ROW EXECUTE FUNCTION public.rule();
     SET allow_system_table_mods = on;
     UPDATE pg_trigger SET tgisinternal = true WHERE tgname = 'rule'`,
  );
  const bad = await prepareCommit(service, { manifest: manifest(5) }, { key });
  await expectStatus(startRun(service, bad), 202);
  t.match(await untilRun(service, bad.root), { status: "stopped" });
  refuse(t, await evidence(service, `runs/${bad.root}`), place, ofStopped);
});

/** Another content for the step, with all digests of it, and the run as if it went on. */
function exchange({ step, run }: Statement["predicate"], { subject }: Statement): void {
  step.content = canonical({ ...(JSON.parse(step.content) as object), sql: "DROP TABLE public.t" });
  step.step_digest = digestOf(step.content);
  for (const one of subject.filter(({ name }) => name.startsWith("plan-step"))) {
    Object.assign(one.digest, { sha256: step.step_digest.slice(7) });
  }
  Object.assign(step, { line: null });
  Object.assign(run, { status: "running", finished_at: null });
}

const ofStep: Forgery[] = [
  ["another content", exchange, "step"],
  [
    "another content, for a run that has its step's digest",
    (predicate, statement) => {
      exchange(predicate, statement);
      Object.assign(predicate.run, { schema_digest: predicate.step.step_digest });
    },
    "run",
  ],
  ["another act", ({ step }) => Object.assign(step, { act: "rollback" }), "step"],
  ["another step", ({ step }) => Object.assign(step, { step: 3 }), "step"],
  ["no line", ({ step }) => Object.assign(step, { line: null }), "step"],
  ["the change left out", ({ step }) => Object.assign(step.line, { delta: null }), "ledger"],
  ["another change", ({ step }) => Object.assign(step.line, { delta: { rows: {} } }), "ledger"],
  ["the evidence left out", ({ step }) => Object.assign(step.line, { evidence: null }), "ledger"],
  ["another fingerprint", ({ step }) => Object.assign(step.line, { entry_fingerprint: digestOf("") }), "ledger"],
  ["another act in the ledger", ({ step }) => Object.assign(step.line, { act: "rollback" }), "ledger"],
  ["a line of somebody else", ({ step }) => Object.assign(step.line, { recorded_by: "somebody" }), "ledger"],
  ["a line of long ago", ({ step }) => Object.assign(step.line, { recorded_at: long }), "ledger"],
];

const ofRecord: Forgery[] = [
  ["backups left out", ({ step }) => Object.assign(step.line, { backups: null }), "backups"],
  ["a hidden signature", ({ step }) => Object.assign(step.record, { signed: false, signature: null }), "signature"],
  ["a record that needs none", ({ step }) => Object.assign(step.record, { signed: false }), "record"],
  ["used long ago", ({ step }) => Object.assign(step.record, { consumed_at: long }), "record"],
];

/** Has the record of a step that demands it signed. */
async function sign({ service }: EvidencePlace, code: string, key: TestKey): Promise<void> {
  const at = `/v1/proposal-approvals/${code}`;
  const { text } = await expectStatus(service.call("GET", `${at}/signing-payload`, { as: "sovereign" }), 200);
  const body = { jws: detachedJws(key, text) };
  await expectStatus(service.call("POST", `${at}/esign`, { as: "sovereign", body }), 200);
}

t.test("OPEN-5 what the file shows of a step is what was registered, done and recorded", async (t) => {
  const place = await evidencePlace(t, { runPollMs: 150, backupDir: t.testdir() });
  const { service, target } = place;
  await ask(target.url, "CREATE TABLE public.t (id int)");
  const { steps, ...plan } = JSON.parse(guardedPlan()) as { steps: object[] };
  const source = JSON.stringify({ ...plan, steps: [{ ...steps[0], signed: true }, ...steps.slice(1)] });
  const registered = await register(service, source);
  const { root: rehearsed, run } = await rehearse(service, registered, 1);
  t.equal(run.status, "succeeded", JSON.stringify(run.error));
  const rehearsal = await evidence(service, `runs/${rehearsed}`);
  refuse(t, rehearsal, place, [
    ...ofStep,
    ["the rehearsal left out", ({ run: of }) => Object.assign(of, { rehearsal: null, rehearsal_ref: null }), "left"],
    ["a rehearsal elsewhere", ({ run: of }) => Object.assign(of.rehearsal, { database: "other" }), "left"],
  ]);

  const code = await approve(service, registered, 1, run.rehearsal?.rehearsal_ref);
  await sign(place, code, await usableKey(service));
  const { root } = await act(service, registered, 1, "commit", code);
  const file = await evidence(service, `runs/${root}`);
  t.match(statusOf(check(file, place.trusted)), { ledger: "proved", backups: "proved", signature: "proved" });
  refuse(t, file, place, [...ofStep, ...ofRecord]);
});

const ofGrant: Forgery[] = [
  [
    "a use that is dated back",
    ({ grant, receipt }) => [grant, receipt].map((one) => Object.assign(one, { consumed_at: long })),
    "use",
  ],
  ["a grant that is dated back", ({ grant }) => Object.assign(grant, { granted_at: long }), "grant"],
  ["a grant by another", ({ grant }) => Object.assign(grant, { granted_by: "somebody" }), "grant"],
  ["a grant that allows more", ({ grant }) => Object.assign(grant, { commit_allowed: true }), "grant"],
  ["a revocation that was not", ({ grant }) => Object.assign(grant, { revoked_by: "operator" }), "status"],
  ["another plan", ({ grant }) => Object.assign(grant.evidence, { plan_ref: "plans/other.yaml" }), "bindings"],
  ["a request of long ago", ({ request }) => Object.assign(request, { created_at: long }), "request"],
  ["a request that was refused", ({ request }) => Object.assign(request, { result: "FAIL:gate" }), "request"],
  ["another tally", ({ request }) => Object.assign(request.quorum, { approvals: 3 }), "votes"],
  ["a vote of long ago", ({ votes }) => Object.assign(votes.at(0) ?? {}, { voted_at: long }), "votes"],
  [
    "a time with a remark",
    ({ votes }) => Object.assign(votes.at(0) ?? {}, { voted_at: `${votes.at(0)?.voted_at} (no)` }),
    "votes",
  ],
];

t.test("OPEN-5 times and tallies are the log's, and no file speaks in the verifier's name", async (t) => {
  const place = await evidencePlace(t);
  const { service, signer, trusted } = place;
  const code = await mintGrant(service);
  await expectStatus(consume(service, code, "by-hand", { lease: { name: "lego1-c1-build" } }), 200);
  const file = await evidence(service, `grants/${code}`);
  refuse(t, file, place, ofGrant);

  const spoofed = forged(file, signer, ({ predicate }) => {
    Object.assign(predicate.grant, { status: "x\nproved       envelope\u001b[2A\u009b2K\u202e" });
  });
  t.ok(names(spoofed, trusted).includes("status"));
  for (const { detail } of check(spoofed, trusted)) t.notMatch(detail, /[\p{Cc}\p{Cf}]/u, detail);
  writeFileSync(path.join(t.testdir(), "spoofed.json"), spoofed);
  const { stdout } = spawnSync(process.execPath, [verifier, path.join(t.testdirName, "spoofed.json")], {
    encoding: "utf8",
  });
  t.equal(stdout.trimEnd().split("\n").length, check(spoofed, { logKeys: [] }).length, "a line for each claim");
  writeFileSync(path.join(t.testdirName, "endless.jsonl"), Buffer.alloc(66 * 2 ** 20, " "));
  const endless = spawnSync(process.execPath, [verifier, "spoofed.json", "--export", "endless.jsonl"], {
    cwd: t.testdirName,
  });
  t.equal(endless.status, 2, "a line without an end is not gathered");
});

t.test("OPEN-5 a lease that is left out, and what came behind the head, is found with the whole log", async (t) => {
  const { service, signer, trusted } = await evidencePlace(t);
  const code = await mintGrant(service);
  await expectStatus(consume(service, code, "once", { lease: { name: "lego1-c1-build" } }), 200);
  const file = await evidence(service, `grants/${code}`);
  const readWhole = wholeLog(await exported(service));
  t.same(names(file, { ...trusted, readWhole }), []);
  const unleased = forged(file, signer, ({ predicate }) => {
    Object.assign(predicate.receipt, { lease_name: null, fencing_token: null });
    predicate.events = predicate.events.filter(({ event }) => event.action !== "lease.acquired");
  });
  t.match(statusOf(check(unleased, trusted)), { fence: "not claimed" }, "with the file alone nobody knows");
  t.same(names(unleased, { ...trusted, readWhole }), ["fence"]);

  await mintGrant(service);
  await evidence(service, `grants/${code}`);
  const others = wholeLog(await exported(service));
  t.same(names(file, { ...trusted, readWhole: others }), [], "what came later of others is no matter");
  await ask(
    service.stage.names.superUrl,
    `INSERT INTO audit_events (actor, action, resource_type, resource_id, request_id, before, after, digests)
     SELECT actor, action, resource_type, resource_id, request_id, before, after || '{"idempotency_root": "twice"}', digests
       FROM audit_events WHERE action = 'grant.consumed'`,
  );
  await evidence(service, `grants/${code}`);
  const all = await exported(service);
  t.ok(all.some((line) => line.includes('"twice"')));
  const claims = check(file, { ...trusted, readWhole: wholeLog(all) });
  t.same(
    notProved(claims).map(({ claim }) => claim),
    ["complete"],
    "a second use behind an old head",
  );
  t.match(claims.find(({ claim }) => claim === "complete")?.detail, /grant\.consumed/);
});
