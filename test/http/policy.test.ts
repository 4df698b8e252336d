import type { FastifyInstance } from "fastify";
import fastify from "fastify";
import t from "tap";
import Type from "typebox";
import { guardRoutes, registerOpenly } from "../../src/http/policy.ts";
import { defineRoute, type Route } from "../../src/http/route.ts";
import { getThing, postThing, startHarness } from "./harness.ts";

interface Owner {
  teardown(work: () => Promise<void>): unknown;
}

function guarded(t: Owner): FastifyInstance {
  const app = fastify();
  guardRoutes(app);
  t.teardown(() => app.close());
  return app;
}

async function starting(app: FastifyInstance): Promise<void> {
  await app.ready();
}

const handler = async (): Promise<string> => "";

t.test("APR-8 a route without declared access does not start, whoever adds it", async (t) => {
  t.throws(() => guarded(t).get("/bare", handler), /GET \/bare declares no access/);
  t.throws(
    () => guarded(t).get("/x", { config: { policy: { mutates: false, audit: null } as never } }, handler),
    /declares no access/,
  );
  t.throws(
    () => guarded(t).get("/x", { config: { policy: { access: [] as never, mutates: false, audit: null } } }, handler),
    /empty list/,
  );
  const app = guarded(t);
  app.register(async (scope) => {
    scope.get("/from-a-plugin", handler);
  });
  await t.rejects(starting(app), /GET \/from-a-plugin declares no access/);
});

t.test("AUDIT-1 a mutating route without a declared audit action does not start", async (t) => {
  for (const method of ["POST", "PUT", "PATCH", "DELETE"] as const) {
    const route = (audit: string | null, mutates: boolean) => ({
      method,
      url: "/x",
      handler,
      config: { policy: { access: "any" as const, audit, mutates } },
    });
    t.throws(() => guarded(t).route(route(null, true)), new RegExp(`${method} /x .*no audit action`));
    t.throws(() => guarded(t).route(route("", true)), /no audit action/);
    t.doesNotThrow(() => guarded(t).route(route("thing.made", true)));
    t.doesNotThrow(() => guarded(t).route(route(null, false)));
  }
  const undeclared = { ...postThing, audit: null } as Route;
  await t.rejects(startHarness(t, { routes: [undeclared] }), /POST \/v1\/things\/:thing_id .*no audit action/);
  await t.rejects(
    startHarness(t, { routes: [{ ...postThing, access: undefined } as unknown as Route] }),
    /declares no access/,
  );
});

t.test("APR-8 a scope may be declared open for reading, never for changing", async (t) => {
  const app = guarded(t);
  registerOpenly(app, "test", (scope) => {
    scope.get("/page", handler);
  });
  await app.ready();
  t.equal((await app.inject("/page")).statusCode, 200);
  const other = guarded(t);
  registerOpenly(other, "test", (scope) => {
    scope.post("/change", handler);
  });
  await t.rejects(starting(other), /POST \/change declares no access/);
});

t.test("APR-1 a route that would let unknown fields in does not start", async (t) => {
  const withBody = (body: Type.TSchema): Route => ({ ...postThing, schema: { ...postThing.schema, body } });
  const open = Type.Object({ a: Type.Array(Type.Object({ b: Type.String() })) }, { additionalProperties: false });
  await t.rejects(
    startHarness(t, { routes: [withBody(open)] }),
    /body schema lets unknown fields in at \/properties\/a\/items/,
  );
  await t.rejects(startHarness(t, { routes: [withBody(Type.Object({}))] }), /unknown fields in at \//);
  await t.rejects(startHarness(t, { routes: [withBody(Type.Union([Type.Object({}), Type.Null()]))] }), /anyOf/);
  await startHarness(t, { routes: [withBody(Type.Object({}, { additionalProperties: true }))] });
  await startHarness(t, { routes: [withBody(Type.Record(Type.String(), Type.Integer()))] });
});

t.test("APR-1 a route whose declaration does not hold together does not start", async (t) => {
  const route = (changes: object): Route => ({ ...getThing, ...changes });
  const schema = getThing.schema;
  await t.rejects(
    startHarness(t, { routes: [route({ url: "/v1/things/:other" })] }),
    /path parameter other has no schema.*no parameter thing_id/,
  );
  await t.rejects(
    startHarness(t, { routes: [route({ schema: { ...schema, problems: ["NO_SUCH_CODE"] } })] }),
    /NO_SUCH_CODE stands in no table/,
  );
  await t.rejects(startHarness(t, { routes: [route({ dryRun: true })] }), /dryRun/);
  const query = Type.Object({ q: Type.Optional(Type.String()) });
  await t.rejects(startHarness(t, { routes: [route({ schema: { ...schema, query } })] }), /query schema lets unknown/);
});

t.test("APR-1 the types hold a declaration to its own schemas", async (t) => {
  const schema = { responses: { 200: Type.Object({ a: Type.String() }) } };
  const base = { url: "/x", access: "any", summary: "x", tags: ["x"] } as const;
  // @ts-expect-error a mutating route needs an audit action
  defineRoute({ ...base, method: "POST", schema, handle: async () => ({ status: 200, body: { a: "" } }) });
  // @ts-expect-error an answer has the shape of its status
  defineRoute({ ...base, method: "GET", schema, handle: async () => ({ status: 200, body: { a: 1 } }) });
  // @ts-expect-error an answer has a declared status
  defineRoute({ ...base, method: "GET", schema, handle: async () => ({ status: 201, body: { a: "" } }) });
  t.pass("checked by the compiler");
});
