import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import type { Database } from "../../src/database/index.ts";
import { bearer, exampleRoutes, noDatabase, startHarness } from "./harness.ts";

const requestTimeoutMs = 50;

/** A database whose transactions take longer than a request may. */
function slowDatabase() {
  const done = Promise.withResolvers<void>();
  const database: Database = {
    ...noDatabase,
    transact: async (work, options) => {
      // not a sleep: time itself is tested, several times what a request may take
      await pause(requestTimeoutMs * 5);
      const result = await noDatabase.transact(work, options);
      done.resolve();
      return result;
    },
  };
  return { database, done: done.promise };
}

t.test("OPEN-7 what was answered as of unknown outcome goes on to its end, and its answer harms nobody", async (t) => {
  const { database, done } = slowDatabase();
  const harness = await startHarness(t, { database, config: { requestTimeoutMs } });
  const answer = await harness.app.inject({ url: "/v1/things", headers: bearer("executor") });
  t.match([answer.statusCode, answer.json<object>()], [503, { code: "DATABASE_UNAVAILABLE", outcome: "unknown" }]);
  await done;
  // What follows the transaction in the handler runs before the next request is answered.
  t.equal((await harness.app.inject("/livez")).statusCode, 200);
  t.notMatch(harness.log(), /ERR_HTTP_HEADERS_SENT|unhandled/i);
});

t.test("operations: a route that says that it takes longer is given the time, and no other is", async (t) => {
  const { database } = slowDatabase();
  const patient = exampleRoutes.map((route) =>
    route.url === "/v1/nudge" ? { ...route, timeoutMs: requestTimeoutMs * 100 } : route,
  );
  const { app } = await startHarness(t, { database, routes: patient, config: { requestTimeoutMs } });
  const headers = bearer("executor");
  t.equal((await app.inject({ method: "POST", url: "/v1/nudge", headers })).statusCode, 200);
  t.equal((await app.inject({ url: "/v1/things", headers })).statusCode, 503);
});

t.test("operations: the time of all is the least that a route is given", async (t) => {
  const { database } = slowDatabase();
  const hasty = exampleRoutes.map((route) => ({ ...route, timeoutMs: 1 }));
  const { app } = await startHarness(t, { database, routes: hasty });
  t.equal((await app.inject({ url: "/v1/things", headers: bearer("executor") })).statusCode, 200);
});
