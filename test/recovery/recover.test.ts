import { randomUUID } from "node:crypto";
import t from "tap";
import { holdFence, raiseFence } from "../../src/leases/index.ts";
import { migrateTarget, openDatabase } from "../../src/database/index.ts";
import { approvalRequest, approve, consume, execute, expectStatus, mintGrant, seedGrants } from "../support/flow.ts";
import { letTimePass } from "../support/past.ts";
import { useTarget } from "../support/runs.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { type FailoverRule, noticeRestore } from "../../src/recovery/index.ts";
import {
  type InProcess,
  type Owner,
  type Service,
  setStage,
  spawnService,
  type Stage,
  startService,
} from "../support/service.ts";
import { recoverOn, restoreOf, type Trace } from "./scene.ts";

t.setTimeout(120_000);

interface HoldView {
  readonly id: string;
  readonly environment: string | null;
  readonly placed_by: string;
}

async function standing(service: Service): Promise<HoldView[]> {
  const { body } = await expectStatus(service.call("GET", "/v1/holds?status=standing", { as: "operator" }), 200);
  return body["items"] as unknown as HoldView[];
}

const lift = (service: Service, id: string) => service.call("POST", `/v1/holds/${id}/lift`, { as: "operator" });

/** A service in this process, which has looked where it is as the start of one does. */
async function serveOn(t: Owner, stage: Stage, rule: FailoverRule = "hold"): Promise<InProcess> {
  await stage.database.transact((tx) => noticeRestore(tx, serviceCaller("start"), rule));
  return startService(t, { stage, targets: {} });
}

/** Everything that a recovery writes, counted. */
async function written(stage: Stage): Promise<unknown> {
  const { rows } = await stage.database.transact((tx) =>
    tx.query(
      `SELECT (SELECT count(*) FROM audit_events) AS events, (SELECT max(seq) FROM audit_events) AS seq,
              (SELECT count(*) FROM registration_holds) AS holds, (SELECT count(*) FROM control_incarnations) AS incarnations,
              (SELECT sum(fencing_token) FROM dot_iu_runtime_lease) AS fences,
              (SELECT array_agg(status ORDER BY auth_code) FROM governance_build_authorization) AS grants`,
    ),
  );
  return rows[0];
}

/** A grant that is active in the backup, and was used after it. @returns the restored stage and the grant */
async function usedAfterBackup(t: Owner, trace?: Trace) {
  const service = await serveOn(t, await setStage(t));
  const authCode = await mintGrant(service);
  const restored = await restoreOf(t, service.stage, trace);
  await expectStatus(consume(service, authCode, "the first use"), 200);
  return { restored, authCode };
}

t.test(
  "GRANT-9 a service that starts on a restored control database is held by itself until the recovery",
  async (t) => {
    const { restored, authCode } = await usedAfterBackup(t);
    const service = await spawnService(t, restored);
    const [hold, ...others] = await standing(service);
    t.same(others, []);
    t.match(hold, { environment: null, placed_by: "service:start", reason: /restored or moved/ });
    t.match(await consume(service, authCode, "the second use"), { status: 409, body: { code: "REGISTRATION_HOLD" } });
    t.match(await lift(service, hold?.id ?? ""), { status: 409, body: { code: "HOLD_AWAITS_RECOVERY" } });

    const another = await spawnService(t, restored);
    t.same(
      (await standing(another)).map(({ id }) => id),
      [hold?.id],
      "the next start places no second one",
    );

    const { replayed, report, audit } = await recoverOn(restored, {});
    t.notOk(replayed);
    t.match(report, { grants_revoked: [authCode], holds: [hold?.id], reason: "the disk is gone", nothing_lost: false });
    t.match(audit, { passed: true, contradictions: [] });
    t.equal((await lift(service, hold?.id ?? "")).status, 200);
    for (const root of ["the first use", "the second use"]) {
      t.match(await consume(service, authCode, root), { status: 409, body: { code: "REJECT_AUTH_REVOKED" } }, root);
    }
    const anew = await mintGrant(service);
    t.equal((await consume(service, anew, "a use of now")).status, 200, "what is approved anew is good");
  },
);

t.test(
  "GRANT-5 without a trace and without a word the grant would be used twice: the control of the tests above",
  async (t) => {
    const { restored, authCode } = await usedAfterBackup(t, "none");
    const service = await serveOn(t, restored);
    t.same(await standing(service), []);
    t.equal((await consume(service, authCode, "the second use")).status, 200);
  },
);

t.test("operations: a restore that leaves no trace is recovered from when somebody says so", async (t) => {
  const { restored, authCode } = await usedAfterBackup(t, "none");
  await t.rejects(recoverOn(restored, {}), { code: "NOTHING_RESTORED" });
  const { report } = await recoverOn(restored, {}, { restored: true });
  t.same(report.grants_revoked, [authCode]);
  const before = await written(restored);
  t.match(await recoverOn(restored, {}, { restored: true }), { replayed: true, report, audit: { passed: true } });
  t.match(await recoverOn(restored, {}), { replayed: true, report });
  t.same(await written(restored), before, "again it changes nothing");
  const service = await serveOn(t, restored);
  const [hold] = await standing(service);
  t.match(hold, { placed_by: "service:recover" });
  t.equal((await lift(service, hold?.id ?? "")).status, 200);
  t.match(await consume(service, authCode, "the second use"), { body: { code: "REJECT_AUTH_REVOKED" } });
});

t.test(
  "operations: requests that may have been executed since are withdrawn, and numbers of lost events are not given out",
  async (t) => {
    const stage = await setStage(t);
    const service = await serveOn(t, stage);
    const approved = await approve(service);
    const open = approvalRequest();
    await expectStatus(service.call("POST", "/v1/approval-requests", { as: "requester", body: open }), 201);
    const restored = await restoreOf(t, stage);
    const { report, audit } = await recoverOn(restored, {});
    t.same(report.requests_withdrawn, [approved.aprCode, open.apr_code].toSorted());
    t.ok((audit.last_seq ?? 0) > 1_000_000_000, "the events of the recovery have numbers that nobody has seen");
    const again = await serveOn(t, restored);
    for (const { id } of await standing(again)) await lift(again, id);
    t.match(await execute(again, approved), {
      status: 422,
      body: { result: "FAIL:reject_quorum_not_passed" },
    });
  },
);

t.test(
  "LEASE-2 a holder of the time that was lost is refused in the target, and the next one stands above it",
  async (t) => {
    const stage = await setStage(t);
    const target = await useTarget(t);
    await migrateTarget({ ownerUrl: target.url });
    const database = openDatabase({ url: target.url, poolSize: 2 });
    t.teardown(() => database.close());
    const reserve = async (service: Service, on: Stage, name: string) => {
      const [authCode = ""] = await on.database.transact((tx) => seedGrants(tx, 1));
      const { body } = await expectStatus(consume(service, authCode, randomUUID(), { lease: { name } }), 200);
      const { fencing_token } = body["lease"] as unknown as { fencing_token: number };
      return { leaseName: name, fencingToken: fencing_token, authCode };
    };
    const service = await serveOn(t, stage);
    const before = await reserve(service, stage, "shared");
    await database.transact((tx) => raiseFence(tx, before));
    const restored = await restoreOf(t, stage);

    await letTimePass(stage, "dot_iu_runtime_lease", "shared");
    const stale = [await reserve(service, stage, "shared"), await reserve(service, stage, "only-then")];
    for (const fence of stale) await database.transact((tx) => raiseFence(tx, fence));
    t.same(
      stale.map(({ fencingToken }) => fencingToken),
      [2, 1],
    );
    for (const fence of stale) {
      await t.resolves(
        database.transact((tx) => holdFence(tx, fence)),
        `${fence.leaseName}: as long as nobody recovers, it may write`,
      );
    }

    const { report } = await recoverOn(restored, { default: target.url });
    t.same(report.fences, [
      { lease_name: "only-then", restored: 0, in_targets: 1, raised_to: 1_000_000_001 },
      { lease_name: "shared", restored: 1, in_targets: 2, raised_to: 1_000_000_002 },
    ]);
    for (const fence of [before, ...stale]) {
      await t.rejects(
        database.transact((tx) => holdFence(tx, fence)),
        { code: "FENCED_OUT" },
        "refused in the target",
      );
      await t.rejects(
        database.transact((tx) => raiseFence(tx, fence)),
        { code: "FENCED_OUT" },
        "and does not come back",
      );
    }
    const unseen = { leaseName: "shared", fencingToken: 3, authCode: "GBA-C1-issued-and-not-raised-yet" };
    await t.rejects(
      database.transact((tx) => raiseFence(tx, unseen)),
      { code: "FENCED_OUT" },
    );

    const later = await serveOn(t, restored);
    for (const { id } of await standing(later)) t.equal((await lift(later, id)).status, 200);
    const next = await reserve(later, restored, "shared");
    t.equal(next.fencingToken, 1_000_000_003);
    await database.transact((tx) => raiseFence(tx, next));
    await t.resolves(
      database.transact((tx) => holdFence(tx, next)),
      "the next holder writes",
    );
    t.match(await recoverOn(restored, { default: target.url }), { replayed: true, audit: { passed: true } });
    await t.resolves(
      database.transact((tx) => holdFence(tx, next)),
      "and goes on after a second recover",
    );
  },
);

t.test(
  "operations: a failover is a restore unless the service is told otherwise, and another server always is",
  async (t) => {
    const { restored, authCode } = await usedAfterBackup(t, "timeline");
    const trusting = await serveOn(t, restored, "continue");
    t.same(await standing(trusting), [], "a new timeline of the same server");
    await t.rejects(recoverOn(restored, {}), { code: "NOTHING_RESTORED" });
    t.ok(authCode);

    const second = await usedAfterBackup(t, "timeline");
    const careful = await serveOn(t, second.restored);
    t.equal((await standing(careful)).length, 1);

    const third = await usedAfterBackup(t, "server");
    const moved = await serveOn(t, third.restored, "continue");
    t.equal((await standing(moved)).length, 1, "another server");
    const { report } = await recoverOn(third.restored, {}, { nothingLost: true, reason: "moved with pg_upgrade" });
    t.match(report, { nothing_lost: true, grants_revoked: [], requests_withdrawn: [], fences: [] });
    for (const { id } of await standing(moved)) t.equal((await lift(moved, id)).status, 200);
    t.equal((await consume(moved, third.authCode, "a use of now")).status, 200, "nothing was taken back");
  },
);

t.test("operations: a target that cannot be reached stops the recovery, unless it is said to be gone", async (t) => {
  const { restored, authCode } = await usedAfterBackup(t);
  const gone = { default: "postgres://nobody:nothing@127.0.0.1:1/none" };
  await t.rejects(recoverOn(restored, gone), { code: "TARGET_UNAVAILABLE" });
  await t.rejects(recoverOn(restored, gone, { skip: ["other"] }), { code: "UNKNOWN_TARGET" });
  const { report } = await recoverOn(restored, gone, { skip: ["default"] });
  t.match(report, { targets: [], targets_skipped: ["default"], grants_revoked: [authCode] });
});

t.test("GRANT-5 that nothing was lost is not believed where a target knows better", async (t) => {
  const stage = await setStage(t);
  const target = await useTarget(t);
  await migrateTarget({ ownerUrl: target.url });
  const database = openDatabase({ url: target.url, poolSize: 2 });
  t.teardown(() => database.close());
  const service = await serveOn(t, stage);
  const take = async (name: string) => {
    const [authCode = ""] = await stage.database.transact((tx) => seedGrants(tx, 1));
    await expectStatus(consume(service, authCode, randomUUID(), { lease: { name } }), 200);
    await database.transact((tx) => raiseFence(tx, { leaseName: name, fencingToken: 1, authCode }));
  };
  await take("before");
  const moved = await restoreOf(t, stage);
  const targets = { default: target.url };
  const { report } = await recoverOn(moved, targets, { nothingLost: true });
  t.match(report, { nothing_lost: true, lost_runs: [] }, "what the target knows was given out here");

  const restored = await restoreOf(t, stage);
  await take("after");
  await t.rejects(recoverOn(restored, targets, { nothingLost: true }), {
    code: "SOMETHING_LOST",
    message: /fences of after/,
  });
  const later = await serveOn(t, restored);
  const [hold] = await standing(later);
  t.match(await lift(later, hold?.id ?? ""), { body: { code: "HOLD_AWAITS_RECOVERY" } }, "and nothing is let go");
  t.match(await recoverOn(restored, targets), { replayed: false, report: { nothing_lost: false } });
});

t.test("GRANT-9 services that start at once on a restored database notice it once", async (t) => {
  const { restored } = await usedAfterBackup(t);
  const starts = Array.from({ length: 4 }, () =>
    restored.database.transact((tx) => noticeRestore(tx, serviceCaller("start"), "hold")),
  );
  const noticed = await Promise.all(starts);
  t.same(noticed.map(({ origin }) => origin).toSorted(), ["known", "known", "known", "restore"]);
  t.equal(new Set(noticed.map(({ holdId }) => holdId)).size, 1, "one hold, and each says which");
});
