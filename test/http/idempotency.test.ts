import type { LightMyRequestResponse } from "fastify";
import pg from "pg";
import t, { type Test } from "tap";
import Type from "typebox";
import { type Database, openDatabase } from "../../src/database/index.ts";
import { defineRoute } from "../../src/http/index.ts";
import { ServiceProblem } from "../../src/kernel/problems.ts";
import { useDatabase } from "../support/cluster.ts";
import { bearer, type Harness, startHarness, TestProblem } from "./harness.ts";

/** What the handler of these tests does, chosen by the body, beside inserting one row that proves that it ran. */
const Body = Type.Object(
  { name: Type.String(), fate: Type.Optional(Type.String()), other: Type.Optional(Type.Integer()) },
  { additionalProperties: false },
);

const hooks: { inside?: () => Promise<void> } = {};

const act = defineRoute({
  method: "POST",
  url: "/v1/acts",
  access: ["executor", "operator"],
  audit: "act.done",
  dryRun: true,
  summary: "Acts",
  tags: ["acts"],
  schema: { body: Body, responses: { 201: Type.Object({ name: Type.String() }, { additionalProperties: false }) } },
  authorize: async ({ headers }) => {
    if (headers["x-unsigned"] !== undefined) throw new TestProblem("VOTE_CONFLICT", "Not signed.");
  },
  handle: async ({ tx, body }) => {
    await tx.query("INSERT INTO acts (name) VALUES ($1)", [body.name]);
    await hooks.inside?.();
    if (body.fate === "refuse") throw new TestProblem("VOTE_CONFLICT", "Refused.");
    if (body.fate === "held") throw new TestProblem("LEASE_HELD", "Held.", { retryAfterSeconds: 7 });
    if (body.fate === "overload") throw new ServiceProblem("OVERLOADED", "Busy.");
    if (body.fate === "crash") throw new Error("crash");
    if (body.fate === "duplicate") await tx.query("INSERT INTO acts (name) VALUES ($1)", [body.name]);
    if (body.fate === "skip") return { problem: new TestProblem("VOTE_CONFLICT", "Skipped, but on record.") };
    return { status: 201, body: { name: body.name }, headers: { location: "/v1/acts/1" } };
  },
});

interface Bench extends Harness {
  readonly database: Database;
  act(
    body: object | string,
    options?: { key?: string; token?: string; url?: string; headers?: object },
  ): Promise<LightMyRequestResponse>;
  acts(name?: string): Promise<number>;
  claims(): Promise<number>;
}

async function start(t: Test): Promise<Bench> {
  const { appUrl, ownerUrl } = await useDatabase(t);
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  await owner.query(
    "CREATE TABLE acts (id bigserial, name text UNIQUE); GRANT ALL ON acts, acts_id_seq TO countersign_app",
  );
  await owner.end();
  const database = openDatabase({ url: appUrl, poolSize: 6 });
  t.teardown(() => database.close());
  const harness = await startHarness(t, { routes: [act], database });
  const countOf = (text: string, values: unknown[]) =>
    database.transact(async (tx) => Number((await tx.query<{ n: string }>(text, values)).rows[0]?.n), {
      readOnly: true,
    });
  return {
    ...harness,
    database,
    act: (body, { key, token = "executor", url = "/v1/acts", headers = {} } = {}) =>
      harness.app.inject({
        method: "POST",
        url,
        payload: body as object,
        headers: {
          ...bearer(token),
          "content-type": "application/json",
          ...(key === undefined ? {} : { "idempotency-key": key }),
          ...headers,
        },
      }),
    acts: (name = "a") => countOf("SELECT count(*) AS n FROM acts WHERE name = $1", [name]),
    claims: () => countOf("SELECT count(*) AS n FROM idempotency_keys", []),
  };
}

t.afterEach(() => {
  delete hooks.inside;
});

t.test("AUDIT-1 the same key and body answer the first answer again, and act once", async (t) => {
  const bench = await start(t);
  const first = await bench.act({ name: "a", other: 1 }, { key: "k1" });
  t.equal(first.statusCode, 201);
  t.equal(first.headers["idempotency-replayed"], undefined);
  const again = await bench.act('{ "other": 1, "name": "a" }', { key: "k1" });
  t.match([again.statusCode, again.payload, again.headers.location], [201, first.payload, "/v1/acts/1"]);
  t.equal(again.headers["idempotency-replayed"], "true");
  t.not(again.headers["x-request-id"], first.headers["x-request-id"]);
  t.equal(await bench.acts(), 1);
});

t.test("AUDIT-1 the same key with another body is refused", async (t) => {
  const bench = await start(t);
  await bench.act({ name: "a" }, { key: "k1" });
  const reused = await bench.act({ name: "b" }, { key: "k1" });
  t.match([reused.statusCode, reused.json<object>()], [422, { code: "IDEMPOTENCY_KEY_REUSED" }]);
  t.equal(await bench.acts("b"), 0);
});

t.test("AUDIT-1 a key belongs to its principal and to its path with the query", async (t) => {
  const bench = await start(t);
  t.equal((await bench.act({ name: "a" }, { key: "k1" })).statusCode, 201);
  t.equal((await bench.act({ name: "b" }, { key: "k1", token: "operator" })).statusCode, 201);
  t.equal((await bench.act({ name: "c" }, { key: "k1", url: "/v1/acts?dry_run=false" })).statusCode, 201);
  t.equal(await bench.claims(), 3);
});

t.test("AUDIT-1 a request with a key that is still running is refused, and answered once it is done", async (t) => {
  const bench = await start(t);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let entered = (): void => undefined;
  const inside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  hooks.inside = () => {
    entered();
    return held;
  };
  const first = bench.act({ name: "a" }, { key: "k1" });
  await inside;
  delete hooks.inside;
  const meanwhile = await bench.act({ name: "a" }, { key: "k1" });
  t.match(
    [meanwhile.statusCode, meanwhile.headers["retry-after"], meanwhile.json<object>()],
    [409, "1", { code: "IDEMPOTENCY_IN_PROGRESS" }],
  );
  t.equal((await bench.act({ name: "b" }, { key: "k2" })).statusCode, 201, "another key is not affected");
  release();
  t.equal((await first).statusCode, 201);
  t.equal((await bench.act({ name: "a" }, { key: "k1" })).headers["idempotency-replayed"], "true");
});

t.test("AUDIT-1 of many at once with one key one acts, and every answer is that one or in progress", async (t) => {
  const bench = await start(t);
  const answers = await Promise.all(Array.from({ length: 40 }, () => bench.act({ name: "a" }, { key: "k1" })));
  const acted = answers.filter(
    ({ statusCode, headers }) => statusCode === 201 && headers["idempotency-replayed"] === undefined,
  );
  t.equal(acted.length, 1);
  t.ok(answers.every(({ statusCode }) => statusCode === 201 || statusCode === 409));
  t.equal(await bench.acts(), 1);
});

t.test("AUDIT-1 a lasting refusal is stored with nothing else, a passing one is not", async (t) => {
  const bench = await start(t);
  const refused = await bench.act({ name: "a", fate: "refuse" }, { key: "k1" });
  t.equal(refused.statusCode, 409);
  const again = await bench.act({ name: "a", fate: "refuse" }, { key: "k1" });
  t.match([again.statusCode, again.payload, again.headers["idempotency-replayed"]], [409, refused.payload, "true"]);
  t.match(again.headers["content-type"], /problem\+json/);
  t.equal(await bench.acts(), 0, "what it did is rolled back");
  for (const [fate, status] of [
    ["held", 409],
    ["overload", 503],
    ["crash", 500],
    ["duplicate", 500],
  ] as const) {
    const response = await bench.act({ name: fate, fate }, { key: fate });
    t.equal(response.statusCode, status, fate);
    t.equal((await bench.act({ name: fate, fate }, { key: fate })).headers["idempotency-replayed"], undefined);
    t.equal(await bench.acts(fate), 0);
  }
  t.equal(await bench.claims(), 1);
});

t.test("APR-6 a refusal that is answered rather than thrown keeps what was written", async (t) => {
  const bench = await start(t);
  t.equal((await bench.act({ name: "a", fate: "skip" })).statusCode, 409);
  t.equal(await bench.acts(), 1);
  t.equal((await bench.act({ name: "b", fate: "skip" }, { key: "k" })).statusCode, 409);
  t.equal((await bench.act({ name: "b", fate: "skip" }, { key: "k" })).headers["idempotency-replayed"], "true");
  t.equal(await bench.acts("b"), 1);
});

t.test("APR-1 without a key a refusal rolls back everything", async (t) => {
  const bench = await start(t);
  t.equal((await bench.act({ name: "a", fate: "refuse" })).statusCode, 409);
  t.equal(await bench.acts(), 0);
});

t.test("APR-7 a further proof is asked for before a replay, and its refusal is never stored", async (t) => {
  const bench = await start(t);
  const unsigned = { key: "k1", headers: { "x-unsigned": "1" } };
  t.equal((await bench.act({ name: "a" }, unsigned)).statusCode, 409);
  t.equal((await bench.act({ name: "a" }, { key: "k1" })).statusCode, 201);
  t.equal(
    (await bench.act({ name: "a" }, unsigned)).statusCode,
    409,
    "the stored answer is not for who cannot prove it",
  );
});

t.test("GRANT-3 a dry run changes nothing and stores nothing", async (t) => {
  const bench = await start(t);
  const dry = await bench.act({ name: "a" }, { key: "k1", url: "/v1/acts?dry_run=true" });
  t.match([dry.statusCode, dry.headers["dry-run"]], [201, "true"]);
  t.equal(await bench.acts(), 0);
  t.equal(await bench.claims(), 0);
  t.equal((await bench.act({ name: "a" }, { key: "k1" })).headers["dry-run"], undefined);
});

t.test("AUDIT-1 a connection that dies in the middle leaves no claim", async (t) => {
  const bench = await start(t);
  hooks.inside = async () => {
    await bench.database
      .transact((tx) =>
        tx.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database() AND state LIKE 'idle in%'",
        ),
      )
      .catch(() => undefined);
  };
  const crashed = await bench.act({ name: "a" }, { key: "k1" });
  t.equal(crashed.statusCode, 503);
  delete hooks.inside;
  t.equal(await bench.acts(), 0);
  t.equal(await bench.claims(), 0);
  const retried = await bench.act({ name: "a" }, { key: "k1" });
  t.match([retried.statusCode, retried.headers["idempotency-replayed"]], [201, undefined]);
});

t.test("AUDIT-1 a key has a sane form", async (t) => {
  const bench = await start(t);
  for (const key of ["", "a b", "é", "x".repeat(256), "a\tb"]) {
    const response = await bench.act({ name: "a" }, { key });
    t.match(
      [response.statusCode, response.json<object>()],
      [400, { errors: [{ pointer: "header idempotency-key" }] }],
      key,
    );
  }
  t.equal((await bench.act({ name: "a" }, { key: "x".repeat(255) })).statusCode, 201);
});
