import t from "tap";
import { expectStatus } from "../../support/flow.ts";
import { prepareCommit, prepareDryRun, startRun, untilRun, useTarget } from "../../support/runs.ts";
import { startService } from "../../support/service.ts";

t.test("RUN-5 a dry-run plays the whole build and leaves nothing behind", async (t) => {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url } });
  const prepared = await prepareDryRun(service);
  const started = await expectStatus(startRun(service, prepared), 202);
  t.equal(started.body["status"], "running");
  const run = await untilRun(service, prepared.root);
  t.match(run, { status: "succeeded", last_ok_state: "S7", stop_state: null });
});

t.test("RUN-1 a commit-mode run builds the collection", async (t) => {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url } });
  const prepared = await prepareCommit(service);
  await expectStatus(startRun(service, prepared), 202);
  const run = await untilRun(service, prepared.root);
  t.match(run, { status: "succeeded", last_ok_state: "S7", stop_state: null });
});
