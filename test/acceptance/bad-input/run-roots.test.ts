import http from "node:http";
import t, { type Test } from "tap";
import { usableKey } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import {
  digestsOf,
  manifest,
  type Prepared,
  prepareCommit,
  prepareDryRun,
  startRun,
  untilRun,
  useTarget,
} from "../../support/runs.ts";
import { type InProcess, startService } from "../../support/service.ts";

t.setTimeout(180_000);

async function place(t: Test, config: object = { runConcurrency: 0 }) {
  const target = await useTarget(t);
  const targets = { default: target.url, other: target.url };
  const service = await startService(t, { targets, config: { runPollMs: 150, maxEventLoopDelayMs: 0, ...config } });
  return { target, service };
}

const under = (prepared: Prepared, idempotency_root: string) => ({ body: { ...prepared.body, idempotency_root } });

/** Names that a client may choose, and that go wrong wherever a path is put together or taken apart carelessly. */
const odd = [
  "a/b",
  "/",
  "//x//",
  "a%2Fb",
  "%",
  "%00",
  "%zz",
  "a?b=c#d",
  "a b",
  "a+b",
  "a;b,c:d@e&f=g",
  "résumé",
  "e\u0301 ist nicht \u00e9",
  "😀",
  "中文字符",
  "a\u202eright to left",
  "'; DROP TABLE c1_build_run; --",
  "<script>alert(1)</script>",
  '"quoted"\\',
  "__proto__",
  "constructor",
  "...",
  "a/../b",
  "events",
  "none/events",
  "x".repeat(200),
  "ü".repeat(200),
  "字".repeat(200),
] as const;

t.test("RUN-1 a root of any characters is one run through every route", async (t) => {
  const { service } = await place(t);
  const prepared = await prepareDryRun(service);
  for (const root of odd) {
    const started = await startRun(service, under(prepared, root));
    const named = root.length > 40 ? `${root.slice(0, 10)}…` : root;
    if (started.status !== 202) {
      t.match(
        { ...started.body, status: started.status },
        { status: 400, code: "INVALID_REQUEST" },
        `${named}: refused clearly`,
      );
      t.fail(`${named} is not taken: ${started.text}`);
      continue;
    }
    const path = `/v1/runs/${encodeURIComponent(root)}`;
    const as = "c1-builder";
    t.match((await service.call("GET", path, { as })).body, { idempotency_root: root }, `${named}: read`);
    t.equal((await service.call("HEAD", path, { as })).status, 200);
    t.match((await service.call("GET", `${path}/events`, { as })).body, { items: [{ seq: 1, event: "run_started" }] });
    t.match(
      (await service.call("POST", `${path}/resume`, { as })).body,
      { idempotency_root: root },
      `${named}: resumed`,
    );
    const { build: _, ...body } = under(prepared, "back").body as Record<string, unknown>;
    const input = {
      rolls_back: root,
      steps: [{ act: "retire", operation_code: "a", protocol_version: "1", rollback_ref: "r", reason: "r" }],
    };
    const rollback = await service.call("POST", `${path}/rollback`, { as, body: { ...body, input } });
    t.match(
      { ...rollback.body, status: rollback.status },
      { status: 409, code: "RUN_NOT_FINISHED" },
      `${named}: rolled back`,
    );
  }
  const listed: string[] = [];
  for (let cursor = ""; ; ) {
    const page = await expectStatus(service.call("GET", `/v1/runs?limit=3${cursor}`, { as: "auditor" }), 200);
    listed.push(
      ...(page.body["items"] as unknown as { idempotency_root: string }[]).map((run) => run.idempotency_root),
    );
    if (page.body["next_cursor"] === null) break;
    cursor = `&cursor=${String(page.body["next_cursor"])}`;
  }
  t.strictSame(listed, [...odd].toReversed(), "each is listed once, newest first, across pages");
});

t.test("RUN-1 whatever can be started under a root can be looked at under it", async (t) => {
  const { service } = await place(t);
  const prepared = await prepareDryRun(service);
  // Segments that clients take for steps in the path, and the longest there are once encoded.
  for (const root of [".", "..", "😀".repeat(200), "😀".repeat(150)]) {
    const started = await startRun(service, under(prepared, root));
    if (started.status === 400) {
      t.match(started.body, { errors: [{ pointer: "/idempotency_root" }] }, "refused, with the place");
      continue;
    }
    t.equal(started.status, 202);
    const read = await service.call("GET", `/v1/runs/${encodeURIComponent(root)}`, { as: "auditor" });
    t.match(
      read.body,
      { idempotency_root: root },
      `${root.slice(0, 4)}… of ${encodeURIComponent(root).length} bytes: ${read.text.slice(0, 200)}`,
    );
  }
  for (const root of [
    "",
    " ",
    " a",
    "a ",
    "\u0000",
    "a\u0007b",
    "a\nb",
    "\ud800",
    "x".repeat(201),
    "😀".repeat(201),
    5,
    null,
    {},
    ["a"],
  ]) {
    const refused = await startRun(service, { body: { ...prepared.body, idempotency_root: root } });
    t.match(refused.body, { status: 400, code: "INVALID_REQUEST" }, JSON.stringify(root));
  }
  const listed = await service.call("GET", "/v1/runs?limit=200", { as: "auditor" });
  t.ok((listed.body["items"] as unknown as unknown[]).length <= 4, "no other was started");
});

/** Sends a path as it stands: `fetch` would tidy it up. */
function rawGet(service: InProcess, path: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(service.url);
  const headers = { authorization: `Bearer ${service.tokens.auditor}` };
  return new Promise((resolve, reject) => {
    http
      .get({ hostname, port, path, headers }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          body += text;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      })
      .on("error", reject);
  });
}

t.test("RUN-1 a path that is no root is a clear 4xx", async (t) => {
  const { service } = await place(t);
  for (const [path, status, code] of [
    ["/v1/runs/", 404, "NOT_FOUND"],
    ["/v1/runs//events", 404, "NOT_FOUND"],
    ["/v1/runs/a/b", 404, "NOT_FOUND"],
    ["/v1/runs/none", 404, "NOT_FOUND"],
    ["/v1/runs/none/events", 404, "NOT_FOUND"],
    ["/v1/runs/none/resume", 405, "METHOD_NOT_ALLOWED"],
    ["/v1/runs/%zz", 400, "INVALID_REQUEST"],
    ["/v1/runs/%ff", 400, "INVALID_REQUEST"],
    ["/v1/runs/%00", 400, "INVALID_REQUEST"],
    ["/v1/runs/%0a", 400, "INVALID_REQUEST"],
    ["/v1/runs/%20", 400, "INVALID_REQUEST"],
    [`/v1/runs/${"x".repeat(201)}`, 400, "INVALID_REQUEST"],
    [`/v1/runs/${"x".repeat(5_000)}`, 400, "INVALID_REQUEST"],
    ["/v1/runs?status=gone", 400, "INVALID_REQUEST"],
    ["/v1/runs?limit=0", 400, "INVALID_REQUEST"],
    ["/v1/runs?limit=201", 400, "INVALID_REQUEST"],
    ["/v1/runs?cursor=%27", 400, "INVALID_REQUEST"],
    ["/v1/runs?cursor=bm90aGluZw", 400, "INVALID_REQUEST"],
    ["/v1/runs?target=../x", 400, "INVALID_REQUEST"],
    ["/v1/runs?root=none", 400, "INVALID_REQUEST"],
    ["/v1/runs/none?x=1", 400, "INVALID_REQUEST"],
    ["/v1/builds/none/digests", 405, "METHOD_NOT_ALLOWED"],
    ["/v1/builds?limit=1", 400, "INVALID_REQUEST"],
  ] as const) {
    const { status: answered, body } = await rawGet(service, path);
    t.match([answered, JSON.parse(body) as unknown], [status, { code, request_id: String }], path.slice(0, 60));
  }
});

t.test(
  "RUN-1 a root that stands is for that run alone: other content, target, grant or executor is a conflict",
  async (t) => {
    const { service } = await place(t);
    const prepared = await prepareDryRun(service);
    const body = prepared.body as Record<string, unknown> & { bindings: Record<string, unknown> };
    const other = { manifest: manifest(3) };
    const digests = await digestsOf(service, other);
    await expectStatus(startRun(service, prepared), 202);
    const conflicts: [string, object][] = [
      ["another input, with its own digests", { ...body, input: other, bindings: { ...body.bindings, ...digests } }],
      ["other bindings", { ...body, bindings: { ...body.bindings, plan_revision: "4" } }],
      [
        "a larger action set",
        { ...body, bindings: { ...body.bindings, action_set: ["staging_consume", "dot_iu_create_collection"] } },
      ],
      ["another grant", { ...body, auth_code: "GBA-C1-OTHER" }],
      ["another target", { ...body, target: "other" }],
    ];
    for (const [what, given] of conflicts) {
      t.match((await startRun(service, { body: given as never })).body, { status: 409, code: "RUN_CONFLICT" }, what);
    }
    t.match((await startRun(service, prepared, { as: "other-builder" })).body, { status: 409, code: "RUN_CONFLICT" });
    const reordered = Object.fromEntries(Object.entries(body).toReversed());
    for (const same of [body, reordered, { ...body, target: "default" }, { ...body, work_within_seconds: 60 }]) {
      t.match((await expectStatus(startRun(service, { body: same }), 202)).body, { status: "running" });
    }
    const path = `/v1/runs/${prepared.root}/resume`;
    t.match((await service.call("POST", path, { as: "other-builder" })).body, { status: 403, code: "FORBIDDEN" });
    t.match((await service.call("POST", path, { as: "c1-builder", body: { force: true } })).body, { status: 400 });
    t.equal((await service.call("POST", "/v1/runs/none/resume", { as: "c1-builder" })).status, 404);
    const count = await service.stage.database.transact((tx) => tx.query("SELECT FROM c1_build_run"));
    t.equal(count.rowCount, 1, "there is one run");
  },
);

t.test("RUN-1 starts of one root at the same moment are one run, those of one grant too", async (t) => {
  const { service } = await place(t, {});
  const prepared = await prepareDryRun(service);
  const same = await Promise.all(Array.from({ length: 12 }, () => startRun(service, prepared)));
  t.ok(
    same.every(({ status }) => status === 202 || status === 200),
    JSON.stringify(same.map(({ status }) => status)),
  );
  t.match(await untilRun(service, prepared.root), { status: "succeeded" });
  t.equal((await startRun(service, prepared)).status, 200);

  const contested = await prepareDryRun(service, { manifest: manifest(4) });
  const roots = Array.from({ length: 8 }, (_, number) => `contested-${number}`);
  await Promise.all(roots.map((root) => startRun(service, under(contested, root))));
  const known = (await service.call("GET", `/v1/runs?auth_code=${contested.authCode}`, { as: "auditor" })).body;
  const ended = await Promise.all(
    (known["items"] as unknown as { idempotency_root: string }[]).map((run) => untilRun(service, run.idempotency_root)),
  );
  t.equal(ended.filter(({ status }) => status === "succeeded").length, 1, "the grant is good for one of them");
  for (const run of ended.filter(({ status }) => status !== "succeeded")) {
    t.match(run, { status: "stopped", stop_state: /^ABORT/, error: { code: /ALREADY_CONSUMED|LEASE_HELD/ } });
  }
});

t.test("RUN-6 an idempotency key answers again what it answered, and no refusal that time lifts", async (t) => {
  const { service } = await place(t);
  const key = await usableKey(service);
  const prepared = await prepareCommit(service, { manifest: manifest(2) }, { key });
  const keyed = (name: string) => ({ headers: { "idempotency-key": name } });
  const first = await expectStatus(startRun(service, prepared, keyed("start")), 202);
  const input = {
    rolls_back: prepared.root,
    steps: [{ act: "retire", operation_code: "op.n00000", protocol_version: "1", rollback_ref: "r", reason: "r" }],
  };
  const { build: _, ...rest } = prepared.body;
  const back = { as: "c1-builder", body: { ...rest, idempotency_root: "back", input }, ...keyed("back") } as const;
  const rollBack = () => service.call("POST", `/v1/runs/${prepared.root}/rollback`, back);
  t.match((await rollBack()).body, { status: 409, code: "RUN_NOT_FINISHED" });
  const worker = await startService(t, {
    stage: service.stage,
    targets: { default: (await useTarget(t)).url },
    config: { runPollMs: 150 },
  });
  t.match(await untilRun(worker, prepared.root), { status: "succeeded" });

  const again = await expectStatus(startRun(service, prepared, keyed("start")), 202);
  t.equal(again.headers.get("idempotency-replayed"), "true");
  t.equal(again.text, first.text, "the very answer, although the run has moved on");
  t.match((await startRun(service, prepared)).status, 200, "without the key it is as it is now");
  const reused = await startRun(service, under(prepared, "another"), keyed("start"));
  t.match(reused.body, { status: 422, code: "IDEMPOTENCY_KEY_REUSED" });
  t.match((await rollBack()).body, { code: /^(?!RUN_NOT_FINISHED)/ }, "by now the run has finished");
  const resumed = () =>
    service.call("POST", `/v1/runs/${prepared.root}/resume`, { as: "c1-builder", ...keyed("resume") });
  await expectStatus(resumed(), 200);
  t.equal((await resumed()).headers.get("idempotency-replayed"), "true");
});
