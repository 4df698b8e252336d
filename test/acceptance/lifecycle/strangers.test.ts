import { type AddressInfo, createServer } from "node:net";
import { once } from "node:events";
import t from "tap";
import { expectStatus } from "../../support/flow.ts";
import { installPlan, roleUrl, useUnits } from "../../support/lifecycle.ts";
import { decide, manifestOf, prepareTransition } from "../../support/lifecycle-runs.ts";
import { ask, startRun, untilRun } from "../../support/runs.ts";
import { startService } from "../../support/service.ts";

t.setTimeout(120_000);

t.test("LIFE-6 a line of the log that claims a run and is not its own neither stops nor spoils it", async (t) => {
  const target = await useUnits(t);
  await installPlan(target, "lifecycle-enactment.yaml");
  await installPlan(target, "lifecycle-backlog.yaml");
  const service = await startService(t, { targets: { default: target.url }, config: { runPollMs: 150 } });
  const decision = await decide(service, "enactment", ["ICX-CONST/*"]);
  const units = [{ canonical_address: "ICX-CONST/DIEU-1" }];
  const manifest = await manifestOf(service, { transition: "enact", units, review_decision_id: decision });
  const run = await prepareTransition(service, manifest);
  const [claimed] = await ask<{ status: string }>(
    await roleUrl(t, target, "cutter_exec"),
    "SELECT public.fn_iu_enact('ICX-CONST/DIEU-2', 'x', $1, 'enacted', NULL, NULL, $2, false) ->> 'status' AS status",
    [decision, run.root],
  );
  t.equal(claimed?.status, "enacted", "whoever may enact may write any root into a line");
  await expectStatus(startRun(service, run), 202);
  const ended = await untilRun(service, run.root);
  t.match(ended, { status: "succeeded", error: null });
  t.match(ended.states.find((one) => one.state === "S3")?.detail, { log_lines: 1, enacted: 1 });
});

t.test("LIFE-6 decisions for a target that does not answer keep no other target waiting", async (t) => {
  const silent = createServer((socket) => socket.on("error", () => undefined));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.teardown(async () => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const target = await useUnits(t);
  const targets = { default: target.url, silent: `postgres://x:y@127.0.0.1:${port}/z` };
  const service = await startService(t, { targets, config: { runPollMs: 150 } });
  const body = { decision_kind: "enactment", decision: "approve", subjects: ["A/*"], reason: "x", database: "silent" };
  const waiting: string[] = [];
  for (let at = 0; at < 6; at += 1) {
    const { body: made } = await expectStatus(
      service.call("POST", "/v1/review-decisions", { as: "council_1", body }),
      201,
    );
    waiting.push(made["decision_id"] as unknown as string);
  }
  // It waits until the target has it, for less time than six connections that nobody answers would take, one after the other.
  await decide(service, "enactment", ["ICX-CONST/*"]);
  for (const id of waiting) {
    const { body: read } = await service.call("GET", `/v1/review-decisions/${id}`, { as: "auditor" });
    t.equal(read["carried_at"], null);
  }
});
