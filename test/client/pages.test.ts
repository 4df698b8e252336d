import t from "tap";
import { Client, each, pages } from "../../src/client/index.ts";
import { approvalRequest } from "../support/flow.ts";
import { startService } from "../support/service.ts";
import { gatewayTo } from "./gateway.ts";

t.setTimeout(120_000);

t.test("operations: a list is gone through to its end, page by page as it is wanted", async (t) => {
  const service = await startService(t);
  const gateway = await gatewayTo(t, service.url);
  const as = (who: keyof typeof service.tokens) => new Client({ url: gateway.url, token: service.tokens[who] });
  const codes: string[] = [];
  for (let made = 0; made < 5; made += 1)
    codes.unshift((await as("requester").submitRequest(approvalRequest() as never)).apr_code);
  const auditor = as("auditor");

  const before = gateway.passed.length;
  const requests = auditor.eachRequest({ limit: 2 });
  const first = await requests.next();
  t.equal(first.value?.apr_code, codes[0]);
  t.equal(gateway.passed.length - before, 1, "the second page is not asked for yet");
  const rest: string[] = [];
  for await (const { apr_code } of requests) rest.push(apr_code);
  t.strictSame([codes[0], ...rest], codes);
  t.equal(gateway.passed.length - before, 3);

  const sizes: number[] = [];
  for await (const page of pages((query) => auditor.listRequests(query), { limit: 3 })) sizes.push(page.items.length);
  t.strictSame(sizes, [3, 2]);
  const seen: string[] = [];
  for await (const { apr_code } of each((query) => auditor.listRequests(query), { limit: 1 })) {
    seen.push(apr_code);
    if (seen.length === 2) break;
  }
  t.strictSame(seen, codes.slice(0, 2), "whoever has seen enough leaves");

  gateway.fates = ["pass", "lose-answer", "pass", "cut-answer"];
  const whole: string[] = [];
  for await (const { apr_code } of auditor.eachRequest({ limit: 2 })) whole.push(apr_code);
  t.strictSame(whole, codes, "a page that is lost is asked for again: none is missing, none comes twice");

  const leaving = new AbortController();
  const left = auditor.eachRequest({ limit: 2 }, { signal: leaving.signal });
  await left.next();
  await left.next();
  leaving.abort();
  await t.rejects(left.next(), { name: "AbortError" });
});

t.test("operations: every list has its iterator, and it goes through the same", async (t) => {
  const service = await startService(t);
  const client = (who: keyof typeof service.tokens) => new Client({ url: service.url, token: service.tokens[who] });
  await client("requester").submitRequest(approvalRequest() as never);
  await client("operator").placeHold({ environment: "elsewhere", reason: "a list needs one" });
  const auditor = client("auditor");
  const { plans, lifecycle } = auditor;
  const { webhooks } = client("admin");
  const lists: readonly [string, () => Promise<{ items: readonly unknown[] }>, () => AsyncGenerator][] = [
    ["requests", () => auditor.listRequests(), () => auditor.eachRequest({ limit: 1 })],
    ["action types", () => auditor.listActionTypes(), () => auditor.eachActionType({ limit: 1 })],
    ["grants", () => auditor.listGrants(), () => auditor.eachGrant({ limit: 1 })],
    ["signing keys", () => auditor.listSigningKeys(), () => auditor.eachSigningKey({ limit: 1 })],
    ["scopes", () => auditor.listScopes(), () => auditor.eachScope({ limit: 1 })],
    ["holds", () => auditor.listHolds(), () => auditor.eachHold({ limit: 1 })],
    ["runs", () => auditor.listRuns(), () => auditor.eachRun({ limit: 1 })],
    ["leases", () => client("operator").listLeases(), () => client("operator").eachLease({ limit: 1 })],
    ["events", () => auditor.auditEvents(), () => auditor.eachAuditEvent({ limit: 3 })],
    ["plans", () => plans.list(), () => plans.each({ limit: 1 })],
    ["proposal approvals", () => plans.listApprovals(), () => plans.eachApproval({ limit: 1 })],
    ["council records", () => plans.listCouncilRecords(), () => plans.eachCouncilRecord({ limit: 1 })],
    ["decisions", () => lifecycle.listDecisions(), () => lifecycle.eachDecision({ limit: 1 })],
    ["baselines", () => lifecycle.listBaselines(), () => lifecycle.eachBaseline({ limit: 1 })],
    ["incidents", () => lifecycle.listIncidents(), () => lifecycle.eachIncident({ limit: 1 })],
    ["webhooks", () => webhooks.list(), () => webhooks.each({ limit: 1 })],
  ];
  for (const [name, list, every] of lists) {
    const { items } = await list();
    const found: unknown[] = [];
    for await (const item of every()) found.push(item);
    t.strictSame(found, items, `${name}: ${items.length}`);
  }
});
