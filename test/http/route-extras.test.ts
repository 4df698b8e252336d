import t from "tap";
import Type from "typebox";
import type { Database } from "../../src/database/index.ts";
import { defineRoute, type Route } from "../../src/http/index.ts";
import { ServiceProblem } from "../../src/kernel/problems.ts";
import { bearer, noDatabase, startHarness, TestProblem } from "./harness.ts";

const Named = Type.Object({ name: Type.String() }, { additionalProperties: false });

/** A route that says in `steps` what it does, with what a test changes of it. */
function noting(steps: string[], changes: Partial<Route> = {}): Route {
  return {
    ...defineRoute({
      method: "POST",
      url: "/v1/things",
      access: ["executor"],
      audit: "thing.made",
      dryRun: true,
      summary: "Makes a thing",
      tags: ["things"],
      schema: { body: Named, responses: { 200: Type.Object({ seen: Type.Array(Type.String()) }, closed) } },
      async sees({ body, caller }) {
        steps.push(`sees ${body.name} for ${caller.principal}`);
        return new Map([[body.name, { fingerprint: "as it was" }]]);
      },
      async handle({ sightings, dryRun }) {
        steps.push(`handle${dryRun ? " dry" : ""}`);
        return { status: 200, body: { seen: [...sightings.keys()] } };
      },
      committed: () => {
        steps.push("committed");
      },
    }),
    ...changes,
  };
}
const closed = { additionalProperties: false } as const;

/** A database that says when its transaction begins and how it ends. */
function notingDatabase(steps: string[]): Database {
  return {
    ...noDatabase,
    async transact(work, options) {
      steps.push("begin");
      try {
        const result = await noDatabase.transact(work, options);
        steps.push(options?.rollback ? "rollback" : "commit");
        return result;
      } catch (error) {
        steps.push("rollback");
        throw error;
      }
    },
  };
}

async function play(t: Parameters<typeof startHarness>[0], changes: Partial<Route> = {}, url = "/v1/things") {
  const steps: string[] = [];
  const harness = await startHarness(t, { routes: [noting(steps, changes)], database: notingDatabase(steps) });
  const ask = (body: unknown = { name: "a" }, token = "executor") =>
    harness.app.inject({
      method: "POST",
      url,
      payload: JSON.stringify(body),
      headers: { ...bearer(token), "content-type": "application/json" },
    });
  return { steps, ask };
}

t.test("OPEN-1 a look at a target is taken before the transaction opens, and handed to the handler", async (t) => {
  const { steps, ask } = await play(t);
  const answer = await ask();
  t.match([answer.statusCode, answer.json<object>()], [200, { seen: ["a"] }]);
  t.strictSame(steps, ["sees a for executor-1", "begin", "handle", "commit", "committed"]);
});

t.test("OPEN-1 nobody looks for a caller or a body that is refused", async (t) => {
  const { steps, ask } = await play(t);
  t.equal((await ask({ name: "a", more: 1 })).statusCode, 400);
  t.equal((await ask({ name: "a" }, "operator")).statusCode, 403);
  t.equal((await ask({ name: "a" }, "guess")).statusCode, 401);
  t.strictSame(steps, []);
});

t.test("OPEN-1 a look that fails is the answer, and no transaction opens", async (t) => {
  const { steps, ask } = await play(t, { sees: () => Promise.reject(new TestProblem("LEASE_HELD", "Not seen.")) });
  const answer = await ask();
  t.match([answer.statusCode, answer.json<object>()], [409, { code: "LEASE_HELD", detail: "Not seen." }]);
  t.strictSame(steps, []);
});

t.test("OPEN-1 a route that looks at nothing is handed nothing", async (t) => {
  const steps: string[] = [];
  const blind: Route = { ...noting(steps) };
  delete (blind as { sees?: unknown }).sees;
  const { app } = await startHarness(t, { routes: [blind] });
  const answer = await app.inject({
    method: "POST",
    url: "/v1/things",
    payload: { name: "a" },
    headers: bearer("executor"),
  });
  t.strictSame(answer.json(), { seen: [] });
});

t.test("RUN-1 what follows a commit follows a commit: not a refusal, a failure or a dry run", async (t) => {
  const dry = await play(t, {}, "/v1/things?dry_run=true");
  t.equal((await dry.ask()).statusCode, 200);
  t.strictSame(dry.steps.slice(1), ["begin", "handle dry", "rollback"]);
  for (const [thrown, status] of [
    [new TestProblem("VOTE_CONFLICT", "No."), 409],
    [new ServiceProblem("DATABASE_UNAVAILABLE", "Lost.", { members: { outcome: "unknown" } }), 503],
    [new Error("unforeseen"), 500],
  ] as const) {
    const failing = await play(t, { handle: () => Promise.reject(thrown) });
    t.equal((await failing.ask()).statusCode, status);
    t.strictSame(failing.steps.slice(1), ["begin", "rollback"], `${status}`);
  }
});

t.test("RUN-4 a route may take a larger body than the others, up to its own limit", async (t) => {
  const large = 1024 * 1024;
  const steps: string[] = [];
  const wide = noting(steps, { bodyLimit: large, sees: async () => new Map() });
  const narrow = { ...noting(steps, { sees: async () => new Map() }), url: "/v1/others" } as const;
  const { app } = await startHarness(t, { routes: [wide, narrow] });
  const ask = async (url: string, bytes: number) => {
    const payload = `{"name":"${"a".repeat(bytes - 11)}"}`;
    const headers = { ...bearer("executor"), "content-type": "application/json" };
    const answer = await app.inject({ method: "POST", url, payload, headers });
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
  };
  t.equal((await ask("/v1/things", large)).status, 200);
  t.match(await ask("/v1/things", large + 1), {
    status: 413,
    body: { code: "PAYLOAD_TOO_LARGE", detail: /\b(?:1024 KiB|1 MiB)/ },
  });
  t.equal((await ask("/v1/others", 256 * 1024)).status, 200);
  t.match(await ask("/v1/others", 256 * 1024 + 1), {
    status: 413,
    body: { code: "PAYLOAD_TOO_LARGE", detail: /256 KiB/ },
  });
});
