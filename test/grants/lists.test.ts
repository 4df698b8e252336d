import t from "tap";
import { approvalRequest, expectStatus, mintGrant } from "../support/flow.ts";
import { type InProcess, startService } from "../support/service.ts";

async function codes(service: InProcess, query: Record<string, string>): Promise<string[]> {
  const path = `/v1/grants?${new URLSearchParams(query).toString()}`;
  const { body } = await expectStatus(service.call("GET", path, { as: "auditor" }), 200);
  return (body["items"] as unknown as { auth_code: string }[]).map((item) => item.auth_code);
}

t.test("OPEN-8 grants are listed by plan, and found by the words of their request", async (t) => {
  const service = await startService(t);
  // One is live at a time on a target.
  const mint = async (code: string, title: string, plan: string) => {
    const authCode = await mintGrant(service, approvalRequest({ apr_code: code, title }, { plan_id: plan }));
    const body = { reason: "For the next one." };
    await expectStatus(service.call("POST", `/v1/grants/${authCode}/revoke`, { as: "operator", body }), 200);
  };
  await mint("G-1", "Rehearse từ vựng", "PLAN-A");
  await mint("G-2", "Rehearse the retirement", "PLAN-B");
  await mint("G-3", "Another retirement", "PLAN-A");
  t.same(await codes(service, { plan_id: "PLAN-A" }), ["GBA-C1-G-3", "GBA-C1-G-1"]);
  t.same(await codes(service, { plan_id: "NONE" }), []);
  t.same(await codes(service, { q: "retire" }), ["GBA-C1-G-3", "GBA-C1-G-2"]);
  t.same(await codes(service, { q: "tu vung" }), ["GBA-C1-G-1"]);
  t.same(await codes(service, { q: "plan-a", status: "revoked" }), ["GBA-C1-G-3", "GBA-C1-G-1"]);
  t.same(await codes(service, { q: "plan-a", status: "active" }), []);
  t.same(await codes(service, { q: "retire", plan_id: "PLAN-A", target: "DOT_C1_VOCAB_BUILD" }), ["GBA-C1-G-3"]);
  t.same(await codes(service, { q: "%" }), []);
  const first = await service.call("GET", "/v1/grants?q=plan&limit=2", { as: "auditor" });
  const cursor = first.body["next_cursor"] as unknown as string;
  t.same(await codes(service, { q: "plan", limit: "2", cursor }), ["GBA-C1-G-1"]);
  for (const query of ["q=", `q=${"x".repeat(101)}`, "plan_id=", "plan=x"]) {
    t.equal((await service.call("GET", `/v1/grants?${query}`, { as: "auditor" })).status, 400, query);
  }
});
