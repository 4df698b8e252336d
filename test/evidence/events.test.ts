import t from "tap";
import { expireGrants } from "../../src/grants/index.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { eventually } from "../support/data-directory.ts";
import { approvalRequest, consume, expectStatus, mintGrant, seedGrants } from "../support/flow.ts";
import { startService } from "../support/service.ts";

interface Event {
  readonly action: string;
  readonly actor: string;
  readonly transaction: string;
  readonly resource_id: string;
}

t.test("AUDIT-1 each transition of the main job has exactly one event, in its own transaction", async (t) => {
  const service = await startService(t);
  const request = approvalRequest();
  const authCode = await mintGrant(service, request);
  await expectStatus(consume(service, authCode, "root-1", { lease: { name: "lego1-c1-build" } }), 200);
  await expectStatus(consume(service, authCode, "root-1", { lease: { name: "lego1-c1-build" } }), 200);
  const refused = await consume(service, authCode, "root-2");
  t.equal(refused.status, 409);

  const { rows } = await service.stage.database.transact((tx) =>
    tx.query<Event>(
      `SELECT action, actor, transaction::text, resource_id FROM audit_events
        WHERE resource_type IN ('approval_request', 'grant', 'lease') ORDER BY seq`,
    ),
  );
  t.same(
    rows.map(({ action, actor, resource_id }) => [action, actor, resource_id]),
    [
      ["approval_request.submitted", "requester", request.apr_code],
      ["approval_request.voted", "approver_1", request.apr_code],
      ["approval_request.voted", "approver_2", request.apr_code],
      ["grant.minted", "dispatcher", authCode],
      ["approval_request.executed", "dispatcher", request.apr_code],
      ["lease.acquired", "c1-builder", "lego1-c1-build"],
      ["grant.consumed", "c1-builder", authCode],
    ],
  );
  const [submitted, voted, votedAgain, minted, executed, acquired, consumed] = rows.map((row) => row.transaction);
  t.equal(minted, executed, "the grant and the result of the request");
  t.equal(acquired, consumed, "the lease and the grant");
  t.equal(new Set([submitted, voted, votedAgain, minted, consumed]).size, 5);
  const written = await service.stage.database.transact((tx) =>
    tx.query<{ transaction: string }>(
      "SELECT xmin::text AS transaction FROM governance_build_authorization WHERE auth_code = $1",
      [authCode],
    ),
  );
  t.equal(written.rows[0]?.transaction, consumed, "the row was last written by the transaction of its last event");
});

t.test("AUDIT-1 a dry run and a refusal leave no event", async (t) => {
  const service = await startService(t);
  const authCode = await mintGrant(service);
  const body = { reason: "not wanted" };
  const dry = await service.call("POST", `/v1/grants/${authCode}/revoke?dry_run=true`, { as: "operator", body });
  t.equal(dry.status, 200);
  const { body: events } = await service.call("GET", `/v1/audit/events?resource_id=${authCode}`, { as: "auditor" });
  t.match(events["items"], [{ action: "grant.minted" }]);
  t.equal((events["items"] as unknown as unknown[]).length, 1);
  t.match((await service.call("GET", `/v1/grants/${authCode}`, { as: "auditor" })).body, { status: "active" });
});

t.test("AUDIT-1 two sweeps at once mark each expired grant once, with one event", async (t) => {
  const { stage } = await startService(t);
  const codes = await stage.database.transact((tx) => seedGrants(tx, 20, "1 millisecond"));
  const overdue =
    "SELECT count(*)::int AS overdue FROM governance_build_authorization WHERE expires_at <= clock_timestamp()";
  const count = () => stage.database.transact((tx) => tx.query<{ overdue: number }>(overdue));
  await eventually(async () => (await count()).rows[0]?.overdue === codes.length);
  const sweep = () => stage.database.transact((tx) => expireGrants(tx, serviceCaller("sweeper"), 100));
  const marked = await Promise.all([sweep(), sweep(), sweep()]);
  t.equal(
    marked.reduce((sum, one) => sum + one, 0),
    codes.length,
  );
  const { rows } = await stage.database.transact((tx) =>
    tx.query<{ resource_id: string }>("SELECT resource_id FROM audit_events WHERE action = 'grant.expired'"),
  );
  t.same(rows.map((row) => row.resource_id).toSorted(), codes.toSorted());
});
