import t from "tap";
import { approve, expectStatus, mintGrant } from "../support/flow.ts";
import { type InProcess, startService } from "../support/service.ts";

interface Event {
  readonly seq: number;
  readonly occurred_at: string;
  readonly action: string;
  readonly actor: string;
}

async function events(service: InProcess, query: Record<string, string>): Promise<Event[]> {
  const path = `/v1/audit/events?${new URLSearchParams({ limit: "200", ...query }).toString()}`;
  const { body } = await expectStatus(service.call("GET", path, { as: "auditor" }), 200);
  return body["items"] as unknown as Event[];
}

t.test("AUDIT-1 events are listed by time, with any other filter, page by page", async (t) => {
  const service = await startService(t);
  await mintGrant(service);
  const { rows } = await service.stage.database.transact((tx) =>
    // not a sleep: what comes next is to have a later millisecond
    tx.query<{ now: Date }>("SELECT clock_timestamp() + interval '1 millisecond' AS now, pg_sleep(0.01)"),
  );
  const between = rows[0]?.now.toISOString() ?? "";
  await approve(service);
  const all = await events(service, {});
  const before = await events(service, { to: between });
  const after = await events(service, { from: between });
  t.same([...after, ...before], all, "what is not before a time is from then on");
  t.ok(before.length >= 5, "the first grant is before");
  t.ok(after.length >= 3, "the second request is after");
  t.ok(before.every(({ occurred_at }) => occurred_at < between));
  t.ok(after.every(({ occurred_at }) => occurred_at >= between));
  t.same(await events(service, { from: between, to: between }), []);
  t.same(await events(service, { to: "2001-01-01T00:00:00Z" }), []);
  const voted = await events(service, { to: between, actor: "approver_1", action: "approval_request.voted" });
  t.match(voted, [{ actor: "approver_1", action: "approval_request.voted" }]);

  const seen: number[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query = new URLSearchParams({ to: between, limit: "2", ...(cursor === "" ? {} : { cursor }) });
    const page = await expectStatus(
      service.call("GET", `/v1/audit/events?${query.toString()}`, { as: "auditor" }),
      200,
    );
    seen.push(...(page.body["items"] as unknown as Event[]).map(({ seq }) => seq));
    cursor = page.body["next_cursor"] as unknown as string | null;
  }
  t.same(
    seen,
    before.map(({ seq }) => seq),
  );
  for (const from of ["yesterday", "2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00+07:00"]) {
    const path = `/v1/audit/events?${new URLSearchParams({ from }).toString()}`;
    t.equal((await service.call("GET", path, { as: "auditor" })).status, 400, from);
  }
});
