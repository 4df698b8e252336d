import { createServer, type Socket, connect } from "node:net";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { type TestKey, usableKey } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import { holdGate } from "../../support/gate.ts";
import { faultsOfFinished, remains } from "../../support/run-remains.ts";
import { manifest, prepareCommit, startRun, untilRun, useTarget } from "../../support/runs.ts";
import { type InProcess, startService } from "../../support/service.ts";

t.setTimeout(240_000);

const seed = Number(process.env["FAULT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
t.comment(`FAULT_SEED=${seed}`);
const random = (() => {
  let state = seed >>> 0;
  return (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
})();

const input = { manifest: manifest(6) };

async function service(t: Test, url: string, config: object = {}): Promise<InProcess & { key: TestKey }> {
  const made = await startService(t, {
    targets: { default: url },
    config: { runPollMs: 50, runRetrySeconds: 1, ...config },
  });
  return { ...made, key: await usableKey(made) };
}

/** A server in front of a target that lets so many bytes through and then cuts the connection. */
async function cutting(
  t: Test,
  targetUrl: string,
  allowance: () => number,
): Promise<{ url: string; cuts: () => number }> {
  const { hostname, port } = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let left = allowance();
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        client.destroy();
        upstream.destroy();
        sockets.delete(socket);
      });
    }
    client.on("data", (data) => {
      left -= data.length;
      if (left >= 0) upstream.write(data);
      else {
        cuts += 1;
        client.destroy();
      }
    });
    upstream.on("data", (data) => void client.write(data));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = new URL(targetUrl);
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  url.searchParams.delete("host");
  return { url: url.href, cuts: () => cuts };
}

t.test("RUN-3 a target that is down stops the run in ABORT; the same root goes on when it is back", async (t) => {
  const target = await useTarget(t);
  const away = await service(t, "postgres://nobody@127.0.0.1:1/none");
  const prepared = await prepareCommit(away, input, { key: away.key });
  await expectStatus(startRun(away, prepared), 202);
  const run = await untilRun(away, prepared.root);
  t.match(run, { status: "stopped", stop_state: "ABORT", error: { code: "TARGET_UNAVAILABLE" } });
  t.ok((run.states[0]?.attempts ?? 0) > 1, "it was tried again, and that is on record");
  const events = await away.call("GET", `/v1/runs/${prepared.root}/events?limit=200`, { as: "auditor" });
  t.match(events.text, /"state_retried"/);
  await away.app.close();
  const back = await startService(t, {
    stage: away.stage,
    targets: { default: target.url },
    config: { runPollMs: 50 },
  });
  await expectStatus(back.call("POST", `/v1/runs/${prepared.root}/resume`, { as: "c1-builder" }), 202);
  t.match(await untilRun(back, prepared.root), { status: "succeeded" });
});

t.test("RUN-3 a target that accepts and says nothing is given up in time", async (t) => {
  const silent = createServer((socket) => void socket.on("error", () => undefined));
  await new Promise<void>((resolve) => {
    silent.listen(0, "127.0.0.1", resolve);
  });
  t.teardown(() => void silent.close());
  const made = await service(t, `postgres://a:b@127.0.0.1:${(silent.address() as AddressInfo).port}/x`);
  const prepared = await prepareCommit(made, input, { key: made.key });
  await expectStatus(startRun(made, prepared), 202);
  t.match(await untilRun(made, prepared.root), { stop_state: "ABORT", error: { code: "TARGET_UNAVAILABLE" } });
});

t.test("RUN-3 a read-only target is refused before anything is burned", async (t) => {
  const target = await useTarget(t);
  const made = await service(t, target.url);
  const [{ name } = { name: "" }] = await target.query<{ name: string }>("SELECT current_database() AS name");
  await target.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  const prepared = await prepareCommit(made, input, { key: made.key });
  await expectStatus(startRun(made, prepared), 202);
  const run = await untilRun(made, prepared.root);
  t.match(
    run,
    { status: "stopped", stop_state: "ABORT", error: { code: "TARGET_READ_ONLY" }, states: [{ attempts: 1 }] },
    "a refusal is not tried again",
  );
});

t.test("RUN-3 a slow target is waited for within bounds, and then the state is undone", async (t) => {
  const target = await useTarget(t);
  const made = await service(t, target.url, { lockTimeoutMs: 200, runRetrySeconds: 2 });
  const first = await prepareCommit(made, { manifest: manifest(2) }, { key: made.key });
  await expectStatus(startRun(made, first), 202);
  await untilRun(made, first.root);
  const before = await remains(target, first);
  const short = await holdGate(t, target.superUrl, "LOCK TABLE c1.operation_vocabulary IN SHARE MODE");
  const waits = await prepareCommit(made, input, { key: made.key });
  await expectStatus(startRun(made, waits), 202);
  await untilRun(made, waits.root, (run) => run.states.some(({ attempts }) => attempts > 1));
  await short.open();
  t.match(await untilRun(made, waits.root), { status: "succeeded" }, "it goes on once it can");

  const grown = await prepareCommit(made, { manifest: manifest(9) }, { key: made.key });
  const long = await holdGate(t, target.superUrl, "LOCK TABLE c1.operation_vocabulary IN SHARE MODE");
  await expectStatus(startRun(made, grown), 202);
  const stopping = await untilRun(made, grown.root, (run) => run.status !== "running");
  t.match(stopping, {
    error: { code: "TARGET_UNAVAILABLE", detail: /a lock was not to be had in time/ },
    stop_state: "COMP_VALUES",
  });
  t.match(
    await untilRun(made, grown.root),
    { status: "stopped" },
    "there is nothing to retire, so the undoing needs no lock",
  );
  await long.open();
  t.not(before, "");
  t.match(
    await target.query("SELECT count(*)::int AS count FROM c1.operation_vocabulary WHERE status = 'active'"),
    [{ count: 6 }],
    "nothing half-done",
  );
});

t.test(
  "OPEN-7 what cannot be undone now leaves the run indeterminate, and is undone when the target is back",
  async (t) => {
    const target = await useTarget(t);
    let open = true;
    const proxy = await cutting(t, target.url, () => (open ? Number.POSITIVE_INFINITY : 0));
    const made = await service(t, proxy.url);
    const first = await prepareCommit(made, { manifest: manifest(2) }, { key: made.key });
    await expectStatus(startRun(made, first), 202);
    await untilRun(made, first.root);
    const gate = await holdGate(t, target.superUrl, "LOCK TABLE c1.operation_vocabulary IN SHARE MODE");
    const prepared = await prepareCommit(made, input, { key: made.key });
    await expectStatus(startRun(made, prepared), 202);
    await gate.waitedFor();
    open = false;
    await target.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'countersign-target' AND datname = current_database()",
    );
    const lost = await untilRun(made, prepared.root, (run) => run.status === "indeterminate");
    t.match(lost, { stop_state: "COMP_VALUES", error: { code: "TARGET_UNAVAILABLE" } }, "neither success nor failure");
    await gate.open();
    open = true;
    await expectStatus(made.call("POST", `/v1/runs/${prepared.root}/resume`, { as: "c1-builder" }), 202);
    t.match(await untilRun(made, prepared.root), { status: "stopped", stop_state: "COMP_VALUES" });
    t.match(await target.query("SELECT count(*)::int AS count FROM c1.operation_vocabulary"), [{ count: 2 }]);
  },
);

t.test("RUN-2 connections that are cut anywhere lose nothing and double nothing", async (t) => {
  const whole = await useTarget(t);
  const calm = await service(t, whole.url);
  const undisturbed = await prepareCommit(calm, input, { key: calm.key });
  await expectStatus(startRun(calm, undisturbed), 202);
  await untilRun(calm, undisturbed.root);
  const left = await remains(whole, undisturbed);
  for (let round = 0; round < 8; round += 1) {
    const target = await useTarget(t);
    // Enough for the largest statement, the DDL of S2, and never enough for the whole run.
    const proxy = await cutting(t, target.url, () => 16_500 + Math.floor(random() * 9_000));
    const made = await service(t, proxy.url, { runRetrySeconds: 60 });
    const prepared = await prepareCommit(made, input, { key: made.key });
    await expectStatus(startRun(made, prepared), 202);
    const run = await untilRun(made, prepared.root, undefined, 60);
    t.match(run, { status: "succeeded" }, `round ${round}: after ${proxy.cuts()} cuts`);
    t.same(await faultsOfFinished(made.stage, target, prepared, 8), []);
    t.equal(await remains(target, prepared), left, "what is left is the same, byte for byte");
    await made.app.close();
  }
});
