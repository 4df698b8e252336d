import { execFileSync } from "node:child_process";
import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import t, { type Test } from "tap";
import { usableKey } from "../../support/commit.ts";
import { newDataDirectory, query, start } from "../../support/data-directory.ts";
import { expectStatus } from "../../support/flow.ts";
import { manifest, prepareCommit, readRun, startRun, untilRun } from "../../support/runs.ts";
import { startService } from "../../support/service.ts";

t.setTimeout(240_000);

/** Values that need more room than the small disk has: three megabytes and their records. */
const large = {
  manifest: {
    entries: manifest(2_500).entries.map((one) => ({ ...one, description: one.description.padEnd(1_000, ".") })),
  },
};

/** A disk of the test's own is mounted, which only root may. */
const asRoot = process.getuid?.() === 0 && process.platform === "linux" ? {} : { skip: "needs root on Linux" };

/** A target in a cluster of its own, whose tables lie on a disk of so many MiB. */
async function onSmallDisk(t: Test, megabytes: number) {
  const dataDir = await newDataDirectory(t);
  const disk = path.join(dataDir, "disk");
  await mkdir(disk);
  const server = await start(t, dataDir);
  const { uid } = await stat(path.join(dataDir, "postgres"));
  const mount = (...options: string[]) => execFileSync("mount", ["-t", "tmpfs", "-o", options.join(), "none", disk]);
  mount(`size=${megabytes}m`, `uid=${uid}`, "mode=0700");
  t.teardown(() => void execFileSync("umount", ["--lazy", disk]));
  const admin = server.url("postgres");
  await query(admin, "CREATE ROLE builder LOGIN PASSWORD 'builder'");
  await query(admin, "CREATE DATABASE target OWNER builder");
  await query(admin, `CREATE TABLESPACE small OWNER builder LOCATION '${disk}'`);
  await query(admin, "ALTER DATABASE target SET default_tablespace = small");
  const ask = (text: string) => query(server.url("target"), text);
  const url = server.url("target", { user: "builder", password: "builder" });
  return { url, ask, grow: (to: number) => mount("remount", `size=${to}m`) };
}

async function place(t: Test, megabytes: number, runRetrySeconds: number) {
  const target = await onSmallDisk(t, megabytes);
  const config = { runPollMs: 50, runRetrySeconds, statementTimeoutMs: 30_000, maxEventLoopDelayMs: 0 };
  const service = await startService(t, { targets: { default: target.url }, config });
  const key = await usableKey(service);
  const prepared = await prepareCommit(service, large, { key });
  await expectStatus(startRun(service, prepared), 202);
  return { target, service, prepared };
}

t.test(
  "RUN-3 a target whose disk is full is tried again within bounds, then the state is undone",
  asRoot,
  async (t) => {
    const { target, service, prepared } = await place(t, 3, 2);
    const run = await untilRun(service, prepared.root, undefined, 60);
    t.match(run, {
      status: "stopped",
      stop_state: "COMP_VALUES",
      last_ok_state: "S3",
      error: { code: "TARGET_UNAVAILABLE", detail: /its disk is full/ },
      compensations: [{ state: "S4", compensation: "COMP_VALUES", status: "ok", detail: { retired: 0 } }],
    });
    t.ok((run.states[4]?.attempts ?? 0) > 1, "it was tried again");
    t.match(
      await target.ask("SELECT count(*)::int AS values FROM c1.operation_vocabulary"),
      [{ values: 0 }],
      "nothing half-done",
    );
    const grant = await service.call("GET", `/v1/grants/${prepared.authCode}`, { as: "auditor" });
    t.match(grant.body, { status: "consumed", evidence: { run: { stop_state: "COMP_VALUES" } } });
    t.match((await service.call("GET", "/v1/leases/lego1-c1-build", { as: "operator" })).body, { status: "released" });
  },
);

t.test("RUN-3 a run goes on by itself once there is room on the target's disk", asRoot, async (t) => {
  const { target, service, prepared } = await place(t, 3, 60);
  await untilRun(service, prepared.root, (run) => (run.states[4]?.attempts ?? 0) > 1, 60);
  t.match(await readRun(service, prepared.root), {
    status: "running",
    state: "S4",
    states: [{}, {}, {}, {}, { error: { code: "TARGET_UNAVAILABLE" } }],
  });
  target.grow(64);
  t.match(await untilRun(service, prepared.root, undefined, 60), { status: "succeeded" });
  t.match(await target.ask("SELECT count(*)::int AS values FROM c1.operation_vocabulary WHERE status = 'active'"), [
    { values: 2_500 },
  ]);
});
