import t from "tap";
import { mintActive, sovereignRequest, usableKey } from "../support/commit.ts";
import { expectStatus } from "../support/flow.ts";
import { digestsOf, manifest, prepareDryRun, startRun, untilRun, useTarget } from "../support/runs.ts";
import { type InProcess, startService } from "../support/service.ts";

t.setTimeout(60_000);

async function findings(service: InProcess, code: string): Promise<unknown[]> {
  const { body } = await expectStatus(service.call("GET", "/v1/doctor", { as: "operator" }), 200);
  return (body["findings"] as unknown as { code: string; subject: string }[])
    .filter((finding) => finding.code === code)
    .map(({ subject }) => subject);
}

t.test("OPEN-6 the doctor finds runs that nobody works on and runs that are indeterminate", async (t) => {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url }, config: { runConcurrency: 0 } });
  const prepared = await prepareDryRun(service);
  await expectStatus(startRun(service, prepared), 202);
  t.same(await findings(service, "RUN_UNATTENDED"), []);
  const age = (change: string) =>
    service.stage.database.transact((tx) =>
      tx.query(`UPDATE c1_build_run SET ${change} WHERE idempotency_root = $1`, [prepared.root]),
    );
  await age("claimed_until = clock_timestamp() - interval '61 seconds'");
  t.same(await findings(service, "RUN_UNATTENDED"), [prepared.root]);
  await age("status = 'compensating', stop_state = 'COMP_VALUES'");
  await age("status = 'indeterminate'");
  t.same(await findings(service, "RUN_INDETERMINATE"), [prepared.root]);
});

t.test("OPEN-6 the doctor finds grants whose rehearsal does not stand any more", async (t) => {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url }, config: { runPollMs: 150 } });
  const input = { manifest: manifest(3) };
  const prepared = await prepareDryRun(service, input);
  await expectStatus(startRun(service, prepared), 202);
  const { rehearsal_ref } = await untilRun(service, prepared.root);
  const request = sovereignRequest(
    {},
    { ...(await digestsOf(service, input)), environment: "production", rehearsal_ref },
  );
  const { authCode } = await mintActive(service, request, await usableKey(service));
  t.same(await findings(service, "REHEARSAL_STALE"), []);
  await target.query("CREATE SCHEMA c1");
  t.same(await findings(service, "REHEARSAL_STALE"), [authCode]);
});
