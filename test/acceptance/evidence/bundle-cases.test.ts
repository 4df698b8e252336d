import t from "tap";
import { check, type Claim } from "../../../docs/verify/verify.mjs";
import { mintDraft, usableKey } from "../../support/commit.ts";
import { evidence, evidencePlace, notProved, statementOf, statusOf } from "../../support/evidence.ts";
import { approvalRequest, consume, expectStatus, mintGrant } from "../../support/flow.ts";
import { act, approve, register, rehearse } from "../../support/plans.ts";
import { ask, manifest, prepareCommit, startRun, type Target, untilRun } from "../../support/runs.ts";
import { guardedPlan } from "../../support/guarded-plan.ts";

t.setTimeout(240_000);

const detailOf = (claims: readonly Claim[], name: string): string | undefined =>
  claims.find(({ claim }) => claim === name)?.detail;

t.test("OPEN-5 the evidence of a grant says whether it was used, and what became of it otherwise", async (t) => {
  const { service, trusted } = await evidencePlace(t);
  const claimsOf = async (code: string) => check(await evidence(service, `grants/${code}`), trusted);

  const unused = await mintGrant(service);
  const ofUnused = await claimsOf(unused);
  t.same(notProved(ofUnused), []);
  t.match(statusOf(ofUnused), { use: "proved", status: "proved", signature: "not claimed", run: "not claimed" });
  t.match(detailOf(ofUnused, "use"), /no use/);
  t.match(statementOf(await evidence(service, `grants/${unused}`)).predicate, { receipt: null, run: null, keys: [] });

  const body = { reason: "The manifest is out of date." };
  await expectStatus(service.call("POST", `/v1/grants/${unused}/revoke`, { as: "operator", body }), 200);
  const ofRevoked = await claimsOf(unused);
  t.same(notProved(ofRevoked), []);
  t.match(detailOf(ofRevoked, "status"), /is revoked, by operator/);

  const used = await mintGrant(service);
  await expectStatus(consume(service, used, "by-hand", { lease: { name: "lego1-c1-build" } }), 200);
  const file = await evidence(service, `grants/${used}`);
  const ofUsed = check(file, { ...trusted, about: used });
  t.same(notProved(ofUsed), []);
  t.match(statusOf(ofUsed), { use: "proved", fence: "proved", about: "proved" });
  t.match(statementOf(file).predicate.receipt, { idempotency_root: "by-hand", fencing_token: 1 });
  t.same(
    notProved(check(file, { ...trusted, about: unused })).map(({ claim }) => claim),
    ["about"],
    "the evidence of another grant is not what was asked for",
  );

  const draft = await mintDraft(service);
  const ofDraft = await claimsOf(draft);
  t.same(notProved(ofDraft), []);
  t.match(detailOf(ofDraft, "signature"), /has none: it is a draft/);

  const refused = approvalRequest();
  const posted = await expectStatus(
    service.call("POST", "/v1/approval-requests", { as: "requester", body: refused }),
    201,
  );
  const vote = { decision: "reject", apr_digest: posted.body["apr_digest"], reason: "not so" };
  const path = `/v1/approval-requests/${refused.apr_code}/votes`;
  await expectStatus(service.call("POST", path, { as: "approver_1", body: vote }), 201);
  await expectStatus(service.call("GET", `/v1/grants/GBA-C1-${refused.apr_code}/evidence`, { as: "auditor" }), 404);
});

/** Makes the admission of one value fail, past all that the build looks at: its trigger is internal to the catalog's eye. */
async function refuseValue(target: Target, code: string): Promise<void> {
  await ask(
    target.superUrl,
    `CREATE FUNCTION public.rule() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
       IF NEW.operation_code = '${code}' THEN RAISE EXCEPTION 'not this one' USING ERRCODE = 'check_violation', CONSTRAINT = 'rule'; END IF;
       RETURN NEW; END $f$;
     CREATE TRIGGER rule BEFORE INSERT ON c1.operation_vocabulary FOR EACH ROW EXECUTE FUNCTION public.rule();
     SET allow_system_table_mods = on;
     UPDATE pg_trigger SET tgisinternal = true WHERE tgname = 'rule'`,
  );
}

t.test(
  "OPEN-5 the evidence of a commit has the sovereign's signature and key, of a failed one its compensation",
  async (t) => {
    const { service, target, trusted } = await evidencePlace(t);
    const key = await usableKey(service);
    const good = await prepareCommit(service, { manifest: manifest(2) }, { key });
    await expectStatus(startRun(service, good), 202);
    t.match(await untilRun(service, good.root), { status: "succeeded" });
    for (const from of [`runs/${good.root}`, `grants/${good.authCode}`]) {
      const claims = check(await evidence(service, from), { ...trusted, signers: [key.jwk], about: good.root });
      t.same(notProved(claims), [], from);
      for (const name of [
        "signature",
        "key",
        "signer",
        "use",
        "fence",
        "run",
        "states",
        "left",
        "bindings",
        "quorum",
      ]) {
        t.equal(statusOf(claims)[name], "proved", `${from} ${name}`);
      }
    }
    const stranger = { ...key.jwk, x: Buffer.alloc(32, 7).toString("base64url") };
    const doubted = check(await evidence(service, `runs/${good.root}`), { ...trusted, signers: [stranger] });
    t.same(
      notProved(doubted).map(({ claim }) => claim),
      ["signer"],
    );

    await refuseValue(target, "op.n00003");
    const bad = await prepareCommit(service, { manifest: manifest(5) }, { key });
    await expectStatus(startRun(service, bad), 202);
    t.match(await untilRun(service, bad.root), { status: "stopped", stop_state: "COMP_VALUES" });
    const file = await evidence(service, `runs/${bad.root}`);
    const claims = check(file, trusted);
    t.same(notProved(claims), []);
    t.match(detailOf(claims, "run"), /it is stopped/);
    const { run } = statementOf(file).predicate;
    t.match(run.compensations, [{ state: "S4", compensation: "COMP_VALUES", status: "ok" }]);
  },
);

t.test(
  "OPEN-5 the evidence of a plan's step has its record, its measured change and the digests of its backups",
  async (t) => {
    const { service, target, trusted } = await evidencePlace(t, { runPollMs: 150, backupDir: t.testdir() });
    await ask(target.url, "CREATE TABLE public.t (id int)");
    const plan = await register(service, guardedPlan());
    const { root: rehearsed, run } = await rehearse(service, plan, 1);
    t.equal(run.status, "succeeded", JSON.stringify(run.error));
    const ofRehearsal = check(await evidence(service, `runs/${rehearsed}`), trusted);
    t.same(notProved(ofRehearsal), []);
    t.match(statusOf(ofRehearsal), { step: "proved", record: "not claimed", left: "proved", states: "proved" });

    const code = await approve(service, plan, 1, run.rehearsal?.rehearsal_ref);
    const { root } = await act(service, plan, 1, "commit", code);
    const file = await evidence(service, `runs/${root}`);
    const claims = check(file, { ...trusted, about: root });
    t.same(notProved(claims), []);
    t.match(statusOf(claims), { step: "proved", record: "proved", backups: "proved", states: "proved", run: "proved" });
    const { step } = statementOf(file).predicate;
    t.match(step, { record: { approval_code: code, status: "consumed" }, line: { outcome: "committed" } });
    t.match(JSON.stringify(step.line.backups), /sha256:[0-9a-f]{64}/);
  },
);

t.test("OPEN-5 a history that is not whole in the database any more is refused, not shortened", async (t) => {
  const { service } = await evidencePlace(t);
  const code = await mintGrant(service);
  await evidence(service, `grants/${code}`);
  await ask(
    service.stage.names.superUrl,
    "ALTER TABLE audit_events DISABLE TRIGGER ALL; ALTER TABLE audit_events_before_log DISABLE TRIGGER ALL; DELETE FROM audit_events WHERE action = 'grant.minted'",
  );
  const { body } = await expectStatus(service.call("GET", `/v1/grants/${code}/evidence`, { as: "auditor" }), 409);
  t.match(body, { code: "EVIDENCE_INCOMPLETE", detail: /grant\.minted/ });
});
