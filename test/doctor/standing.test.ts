import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import { expectStatus, seedGrants } from "../support/flow.ts";
import { prepareDryRun, startRun, useTarget } from "../support/runs.ts";
import { type InProcess, startService } from "../support/service.ts";

t.setTimeout(60_000);

/** The gauge's value; undefined where it says nothing. */
async function gauge(service: InProcess, name: string): Promise<number | undefined> {
  const { text } = await expectStatus(service.call("GET", "/metrics"), 200);
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

async function until(service: InProcess, name: string, value: number | undefined): Promise<void> {
  // not a sleep: the gauges are remembered for two seconds.
  while ((await gauge(service, name)) !== value) await pause(50);
}

t.test("OPEN-6 the metrics say what is open in the database, and nothing while it cannot be read", async (t) => {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url }, config: { runConcurrency: 0 } });
  for (const name of ["holds", "runs_under_way", "runs_unclaimed", "live_grants", "draft_grants", "open_incidents"]) {
    t.equal(await gauge(service, `countersign_${name}`), 0, name);
  }
  await expectStatus(startRun(service, await prepareDryRun(service)), 202);
  await until(service, "countersign_runs_under_way", 1);
  t.ok((await gauge(service, "countersign_oldest_run_seconds")) !== 0, "it has an age");

  await service.stage.database.transact((tx) => seedGrants(tx, 3));
  await until(service, "countersign_live_grants", 4);

  const hold = { reason: "A look at the metrics." };
  await expectStatus(service.call("POST", "/v1/holds", { as: "operator", body: hold }), 201);
  await until(service, "countersign_holds", 1);

  await service.stage.names.drop();
  await until(service, "countersign_holds", undefined);
  t.equal(await gauge(service, "countersign_live_grants"), undefined);
});

t.test("OPEN-6 the lag of the sweeper is the age of what it should have marked", async (t) => {
  const service = await startService(t);
  t.equal(await gauge(service, "countersign_sweeper_lag_seconds"), 0);
  await service.stage.database.transact((tx) => seedGrants(tx, 1, "1 millisecond"));
  await until(service, "countersign_live_grants", 1);
  t.ok(((await gauge(service, "countersign_sweeper_lag_seconds")) ?? 0) > 0);
});

t.test("OPEN-7 a problem is counted by its code and by what is known of its outcome", async (t) => {
  const service = await startService(t);
  await expectStatus(service.call("GET", "/v1/grants", { token: "none" }), 401);
  await service.stage.names.drop();
  await expectStatus(service.call("GET", "/v1/grants", { as: "operator" }), 503);
  const { text } = await service.call("GET", "/metrics");
  t.match(text, /^countersign_problems_total\{code="UNAUTHENTICATED",outcome=""\} 1$/m);
  t.match(text, /^countersign_problems_total\{code="DATABASE_UNAVAILABLE",outcome="unchanged"\} 1$/m);
});
