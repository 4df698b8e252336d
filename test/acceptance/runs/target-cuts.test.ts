import t, { type Test } from "tap";
import { type TestKey, usableKey } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import { type Proxy, throughProxy } from "../../support/proxy.ts";
import { faultsOfFinished, remains } from "../../support/run-remains.ts";
import { manifest, prepareCommit, prepareDryRun, startRun, untilRun, useTarget } from "../../support/runs.ts";
import { setStage, type Stage, startService } from "../../support/service.ts";

t.setTimeout(300_000);

/** `node <this file> --seed=N` cuts at the same bytes again. */
const given = process.argv.find((word) => word.startsWith("--seed="))?.slice("--seed=".length);
const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
t.comment(`seed ${seed}`);
let state = seed >>> 0;
const random = (below: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

const input = { manifest: manifest(6) };
const config = {
  runPollMs: 50,
  runRetrySeconds: 60,
  runLeaseSeconds: 20,
  lockTimeoutMs: 300,
  statementTimeoutMs: 1_000,
};

/** Plays a run whose connections are cut after so many bytes, in a service of its own. */
async function cutRun(t: Test, stage: Stage, key: TestKey, mode: "commit" | "dry-run", fate: Proxy["fate"]) {
  const target = await useTarget(t);
  const proxy = await throughProxy(t, target.url);
  proxy.fate = fate;
  const service = await startService(t, { stage, targets: { default: proxy.url }, config });
  const prepared =
    mode === "commit" ? await prepareCommit(service, input, { key }) : await prepareDryRun(service, input);
  await expectStatus(startRun(service, prepared), 202);
  const run = await untilRun(service, prepared.root, undefined, 60);
  await service.app.close();
  return { target, prepared, run, proxy };
}

for (const mode of ["commit", "dry-run"] as const) {
  t.test(
    `RUN-2 a ${mode} run whose connections are cut at any byte, either way, ends as one that was not`,
    async (t) => {
      const stage = await setStage(t);
      const front = await startService(t, { stage, targets: {}, config: { ...config, runConcurrency: 0 } });
      const key = await usableKey(front);
      const whole = await cutRun(t, stage, key, mode, () => ({}));
      t.match(whole.run, { status: "succeeded" });
      const left = await remains(whole.target, whole.prepared);
      const most = {
        sent: Math.max(...whole.proxy.carried.map(({ sent }) => sent)),
        received: Math.max(...whole.proxy.carried.map(({ received }) => received)),
      };
      for (let round = 0; round < 6; round += 1) {
        const way = round % 2 === 0 ? "received" : "sent";
        const bytes = 1 + random(most[way]);
        // The preparation and the first two that work are cut, so that also what is done after a cut is.
        const again = 1 + random(most[way]);
        const cut = await cutRun(t, stage, key, mode, (connection) =>
          connection < 2 ? { [way]: bytes } : connection < 4 ? { [way]: again } : {},
        );
        const what = `round ${round}: ${bytes} and ${again} bytes ${way}, ${cut.proxy.cuts} cuts`;
        t.match(cut.run, { status: "succeeded", ...(mode === "dry-run" && { rehearsal: { passed: true } }) }, what);
        t.same(await faultsOfFinished(stage, cut.target, cut.prepared, 8), [], what);
        t.equal(await remains(cut.target, cut.prepared), left, `${what}: what is left is the same`);
      }
    },
  );
}
