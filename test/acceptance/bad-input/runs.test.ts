import pg from "pg";
import t, { type Test } from "tap";
import { mintActive, sovereignRequest, usableKey } from "../../support/commit.ts";
import { approvalRequest, expectStatus, mintGrant } from "../../support/flow.ts";
import {
  digestsOf,
  manifest,
  prepareCommit,
  prepareDryRun,
  runBindings,
  startRun,
  untilRun,
  useTarget,
} from "../../support/runs.ts";
import { type Answer, type InProcess, type Stage, startService } from "../../support/service.ts";

t.setTimeout(180_000);

/** A digest of every row of every table, by name: what a refusal must leave as it is. */
async function dump(stage: Stage): Promise<Record<string, string>> {
  const client = new pg.Client({ connectionString: stage.names.superUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ table: string; digest: string }>(
      `SELECT c.relname AS table, (xpath('/row/d/text()', query_to_xml(format(
                'SELECT count(*) || coalesce(md5(string_agg(r::text, '','' ORDER BY r::text)), '''') AS d FROM %I r', c.relname), false, true, '')))[1]::text AS digest
         FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1`,
    );
    return Object.fromEntries(rows.map(({ table, digest }) => [table, digest]));
  } finally {
    await client.end();
  }
}

/** A service that works on no run, so that what is started stays where it is. */
async function place(t: Test, config: object = {}) {
  const target = await useTarget(t);
  const service = await startService(t, {
    targets: { default: target.url, other: target.url },
    config: { runPollMs: 150, runConcurrency: 0, maxEventLoopDelayMs: 0, ...config },
  });
  return { target, service };
}

type Body = Readonly<Record<string, unknown>> & { readonly bindings: Readonly<Record<string, unknown>> };

/** Sends each body in turn, and looks that it is refused as it should be and that nothing has changed. */
async function refuses(
  t: Test,
  service: InProcess,
  cases: readonly (readonly [what: string, send: () => Promise<Answer>, expected: object])[],
): Promise<void> {
  const before = await dump(service.stage);
  t.ok(Object.keys(before).length > 20, "all tables are looked at");
  for (const [what, send, expected] of cases) {
    const answer = await send();
    t.match({ ...answer.body, status: answer.status }, { request_id: String, ...expected }, what);
    t.match(answer.headers.get("content-type"), /^application\/problem\+json/);
    t.strictSame(await dump(service.stage), before, `${what}: nothing has changed`);
  }
}

t.test("RUN-1 bindings that differ from the grant are refused, each by its name and its place", async (t) => {
  const { service } = await place(t);
  const { body } = (await prepareDryRun(service)) as unknown as { body: Body };
  const changes: Record<string, unknown> = {
    mode: "commit",
    carrier: "C2",
    plan_id: "OTHER-PLAN",
    plan_revision: "4",
    environment: "rehearsal-other",
    executor: "other-builder",
    action_set: ["staging_consume", "dot_iu_drop_collection"],
    rollback_plan_ref: "OTHER",
  };
  const bound = (changed: object) =>
    startRun(service, { body: { ...body, bindings: { ...body.bindings, ...changed } } });
  const mismatch = { status: 403, code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH" };
  const { mode: _, ...silent } = body.bindings;
  await refuses(t, service, [
    ...Object.entries(changes).map(
      ([name, value]) =>
        [
          name,
          () => bound({ [name]: value }),
          { ...mismatch, mismatched: [name], errors: [{ pointer: `/bindings/${name}` }] },
        ] as const,
    ),
    [
      "several",
      () => bound({ plan_id: "OTHER-PLAN", carrier: "C2", rollback_plan_ref: "OTHER" }),
      { ...mismatch, mismatched: ["carrier", "plan_id", "rollback_plan_ref"] },
    ],
    [
      "no mode is commit",
      () => startRun(service, { body: { ...body, bindings: silent } }),
      { ...mismatch, mismatched: ["mode"] },
    ],
    [
      "a whole binding less",
      () => bound({ plan_id: undefined }),
      { status: 400, errors: [{ pointer: "/bindings/plan_id" }] },
    ],
    ["a binding more", () => bound({ more: "x" }), { status: 400, errors: [{ pointer: "/bindings/more" }] }],
    [
      "both digests",
      () => bound({ manifest_digest: `sha256:${"0".repeat(64)}`, schema_digest: `sha256:${"0".repeat(64)}` }),
      {
        status: 422,
        code: "RUN_INPUT_MISMATCH",
        errors: [
          { pointer: "/bindings/manifest_digest", detail: /sha256:[0-9a-f]{64}/ },
          { pointer: "/bindings/schema_digest", detail: /sha256:[0-9a-f]{64}/ },
        ],
      },
    ],
    [
      "no digest",
      () => bound({ manifest_digest: "md5:0" }),
      { status: 400, errors: [{ pointer: "/bindings/manifest_digest" }] },
    ],
    [
      "upper case",
      () => bound({ manifest_digest: String(body.bindings["manifest_digest"]).toUpperCase() }),
      { status: 400 },
    ],
  ]);
});

t.test("RUN-1 a body that is no proper JSON, or says something twice, starts nothing", async (t) => {
  const { service } = await place(t);
  const { body } = (await prepareDryRun(service)) as unknown as { body: Body };
  const text = JSON.stringify(body);
  const raw = (given: string) => () => startRun(service, { body: {} }, { raw: given });
  const invalid = { status: 400, code: "INVALID_REQUEST" };
  const replaced = (from: string, to: string) => raw(text.replace(from, to));
  await refuses(t, service, [
    ["a key twice", replaced('"build":', '"build":"c1-vocabulary","build":'), invalid],
    ["a key twice, spelled otherwise", replaced('"build":', '"\\u0062uild":"c1-vocabulary","build":'), invalid],
    ["a key twice, deep", replaced('"protocol_version":"1"', '"protocol_version":"1","protocol_version":"1"'), invalid],
    ["U+0000", replaced("Operation 0.", "Operation\\u0000 0."), invalid],
    ["half a character", replaced("Operation 0.", "\\ud83d"), invalid],
    ["__proto__", replaced('"build":', '"__proto__":{},"build":'), invalid],
    ["a version that is a number", replaced('"protocol_version":"1"', '"protocol_version":1'), invalid],
    ["a version that is 1.0 as a number", replaced('"protocol_version":"1"', '"protocol_version":1.0'), invalid],
    ["half a second", raw(text.replace(/}$/, ',"work_within_seconds":1.5}')), invalid],
    ["seconds as text", raw(text.replace(/}$/, ',"work_within_seconds":"60"}')), invalid],
    ["seconds without end", raw(text.replace(/}$/, ',"work_within_seconds":1e400}')), invalid],
    ["a day and a second", raw(text.replace(/}$/, ',"work_within_seconds":86401}')), invalid],
    ["cut off", raw(text.slice(0, -1)), invalid],
    [
      "in another encoding",
      () => startRun(service, { body: {} }, { raw: new Uint8Array(Buffer.from(text, "utf16le")) }),
      invalid,
    ],
    ["as a form", () => startRun(service, { body }, { headers: { "content-type": "text/plain" } }), { status: 415 }],
  ]);
});

t.test("RUN-7 a target or a grant of another place is refused before anything starts", async (t) => {
  const { service } = await place(t);
  const key = await usableKey(service);
  const input = { manifest: manifest() };
  const digests = await digestsOf(service, input);
  const elsewhere = await mintGrant(service, approvalRequest({}, { ...digests, environment: "rehearsal-other" }));
  const named = {
    idempotency_root: "named",
    build: "c1-vocabulary",
    auth_code: elsewhere,
    bindings: runBindings(digests, { environment: "rehearsal-other" }),
    input,
  };
  const { body: scopes } = await service.call("GET", "/v1/scopes", { as: "admin" });
  const shipped = (scopes["items"] as unknown as Record<string, unknown>[]).find(
    (one) => one["environment"] === "staging" && one["carrier"] === "C1",
  );
  const {
    scope_id: _,
    status: __,
    created_at: ___,
    created_by: ____,
    retired_at: _____,
    retired_by: ______,
    ...scope
  } = shipped ?? {};
  const grantOf = async (changes: Record<string, unknown>) => {
    await expectStatus(service.call("POST", "/v1/scopes", { as: "admin", body: { ...scope, ...changes } }), 201);
    const { database: _database, lease_name: _lease, ...action } = changes;
    const { authCode } = await mintActive(service, sovereignRequest({}, { ...digests, ...action }), key);
    const environment = String(changes["environment"]);
    const bindings = runBindings(digests, { mode: "commit", environment });
    return { ...named, idempotency_root: environment, auth_code: authCode, bindings };
  };
  const otherTarget = await grantOf({ environment: "staging-target", target: "DOT_OTHER_BUILD" });
  const otherLease = await grantOf({ environment: "staging-lease", lease_name: "another-lease" });
  const staging = await prepareCommit(service, input, { key });
  const mismatch = { status: 403, code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH" };
  const start = (body: object) => () => startRun(service, { body: body as Body });
  await refuses(t, service, [
    [
      "not the one it is named after",
      start({ ...named, target: "default" }),
      { ...mismatch, mismatched: ["target"], errors: [{ pointer: "/target" }] },
    ],
    ["not the scope's", start({ ...staging.body, target: "other" }), { ...mismatch, mismatched: ["target"] }],
    [
      "none of them",
      start({ ...named, target: "third" }),
      { status: 400, errors: [{ pointer: "/target", detail: /default, other/ }] },
    ],
    ["no name", start({ ...named, target: "../default" }), { status: 400, errors: [{ pointer: "/target" }] }],
    ["of another build", start(otherTarget), { ...mismatch, mismatched: ["build"], detail: /DOT_OTHER_BUILD/ }],
    ["under another lease", start(otherLease), { ...mismatch, mismatched: ["lease_name"] }],
    [
      "no such build",
      start({ ...named, build: "c2" }),
      { status: 400, errors: [{ pointer: "/build", detail: /c1-vocabulary/ }] },
    ],
    ["no build's name", start({ ...named, build: "__proto__" }), { status: 400, errors: [{ pointer: "/build" }] }],
    ["no such grant", start({ ...named, auth_code: "GBA-C1-NONE" }), { status: 404 }],
    [
      "somebody else's",
      () => startRun(service, { body: named }, { as: "other-builder" }),
      { ...mismatch, mismatched: ["executor"] },
    ],
  ]);
  t.match((await expectStatus(start({ ...named, target: "other" })(), 202)).body, {
    target: "other",
    status: "running",
  });
});

t.test("RUN-7 a scope whose database is not configured here: a clear stop, and nothing burned", async (t) => {
  const target = await useTarget(t);
  const service = await startService(t, {
    targets: { elsewhere: target.url },
    config: { runPollMs: 150, runRetrySeconds: 0 },
  });
  const prepared = await prepareCommit(service);
  const started = await startRun(service, prepared);
  if (started.status === 202) {
    t.match(await untilRun(service, prepared.root), {
      status: "stopped",
      stop_state: "ABORT",
      error: { code: "TARGET_UNAVAILABLE", detail: /no target database default/ },
    });
  } else t.match(started.body, { status: 400, errors: [{ pointer: "/target" }] });
  t.match((await service.call("GET", `/v1/grants/${prepared.authCode}`, { as: "auditor" })).body, { status: "active" });
});

t.test("RUN-4 a manifest that is too much is refused at once, and the service goes on answering", async (t) => {
  const { service } = await place(t);
  const prepared = await prepareDryRun(service);
  const before = await dump(service.stage);
  const huge = [
    [
      { ...prepared.body, input: { manifest: manifest(100_000) } },
      { status: 413, code: "PAYLOAD_TOO_LARGE" },
    ],
    [
      { ...prepared.body, input: { manifest: { entries: Array.from({ length: 100_000 }, () => ({ a: 1 })) } } },
      { status: 400, errors: [{ pointer: "/input/manifest/entries" }] },
    ],
    [
      {
        ...prepared.body,
        input: { manifest: { entries: [{ ...manifest(1).entries[0], description: "x".repeat(4_000_000) }] } },
      },
      { status: 400 },
    ],
    [
      { ...prepared.body, input: { manifest: { entries: [{ operation_code: "a.".repeat(1_500_000) }] } } },
      { status: 400 },
    ],
  ] as const;
  for (const [body, expected] of huge) {
    const began = performance.now();
    const pending = Promise.all([1, 2, 3].map(() => startRun(service, { body })));
    const over = new AbortController();
    void pending.finally(() => over.abort());
    let slowest = 0;
    do {
      const asked = performance.now();
      t.equal((await service.call("GET", "/livez")).status, 200);
      slowest = Math.max(slowest, performance.now() - asked);
    } while (!over.signal.aborted);
    for (const answer of await pending) t.match({ ...answer.body, status: answer.status }, expected);
    t.ok(performance.now() - began < 15_000, `three of them in ${Math.round(performance.now() - began)} ms`);
    t.ok(slowest < 5_000, `meanwhile others waited ${Math.round(slowest)} ms at most`);
  }
  t.strictSame(await dump(service.stage), before);
  await expectStatus(startRun(service, prepared), 202);
});
