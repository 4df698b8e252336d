import t from "tap";
import { expectStatus } from "../support/flow.ts";
import { prepareDryRun, startRun, untilRun, useTarget } from "../support/runs.ts";
import { startService } from "../support/service.ts";

t.setTimeout(120_000);

t.test("OPEN-8 runs are listed by whether they failed, with any other filter", async (t) => {
  const target = await useTarget(t);
  const service = await startService(t, {
    targets: { default: target.url },
    config: { runPollMs: 50, runRetrySeconds: 0 },
  });
  const play = async () => {
    const prepared = await prepareDryRun(service);
    await expectStatus(startRun(service, prepared), 202);
    const { status } = await untilRun(service, prepared.root);
    return { ...prepared, status };
  };
  const whole = await play();
  await target.query("CREATE SCHEMA c1; CREATE TABLE c1.operation_vocabulary (of_somebody_else int)");
  const failed = await play();
  t.same([whole.status, failed.status], ["succeeded", "stopped"]);

  const roots = async (query: Record<string, string>) => {
    const path = `/v1/runs?${new URLSearchParams(query).toString()}`;
    const { body } = await expectStatus(service.call("GET", path, { as: "auditor" }), 200);
    return (body["items"] as unknown as { idempotency_root: string }[]).map((run) => run.idempotency_root);
  };
  t.same(await roots({}), [failed.root, whole.root]);
  t.same(await roots({ failed: "true" }), [failed.root]);
  t.same(await roots({ failed: "true", auth_code: whole.authCode }), []);
  t.same(await roots({ failed: "true", status: "succeeded" }), [whole.root], "a status says it more exactly");
  t.same(await roots({ status: "stopped" }), [failed.root]);
  t.same(await roots({ status: "indeterminate" }), []);
  t.same(await roots({ auth_code: whole.authCode }), [whole.root]);
  t.same(await roots({ build: "c1-vocabulary", executor: "c1-builder", target: "default" }), [failed.root, whole.root]);
  const first = await service.call("GET", "/v1/runs?limit=1", { as: "auditor" });
  t.same(await roots({ limit: "1", cursor: first.body["next_cursor"] as unknown as string }), [whole.root]);
  for (const query of ["failed=false", "failed=1", "failed=", "q=x"]) {
    t.equal((await service.call("GET", `/v1/runs?${query}`, { as: "auditor" })).status, 400, query);
  }
});
