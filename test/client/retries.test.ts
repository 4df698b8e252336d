import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import pg from "pg";
import t from "tap";
import { Client, ClientProblem, Unavailable, UnknownOutcome } from "../../src/client/index.ts";
import { approvalRequest, approve, bindings } from "../support/flow.ts";
import { type InProcess, startService, syncSecret } from "../support/service.ts";
import { type Fate, gatewayTo } from "./gateway.ts";

t.setTimeout(180_000);

async function scene(t: Parameters<typeof gatewayTo>[0]) {
  const service = await startService(t, { config: { rateLimitMax: 100_000 } });
  const gateway = await gatewayTo(t, service.url);
  const as = (who: keyof typeof service.tokens, options: { attempts?: number; deadlineMs?: number } = {}) =>
    new Client({ url: gateway.url, token: service.tokens[who], ...options });
  return { service, gateway, as };
}

/** How often something of that reason is in the database: what the service did, whatever the client was told. */
async function holdsOf(service: InProcess, reason: string): Promise<number> {
  return service.stage.database.transact(async (tx) => {
    const { rows } = await tx.query<{ count: number }>(
      "SELECT count(*)::int FROM registration_holds WHERE reason = $1",
      [reason],
    );
    return rows[0]?.count ?? -1;
  });
}

const losses: readonly [name: string, fates: readonly Fate[]][] = [
  ["the request is lost", ["lose-request"]],
  ["the answer is lost", ["lose-answer"]],
  ["the answer breaks off in the middle", ["cut-answer"]],
  ["a gateway says 502 though the service has answered", [{ after: 502 }]],
  ["a gateway says 504 though the service has answered", [{ after: 504 }]],
  ["the service has no room at first", [{ before: 503, retryAfter: 0 }]],
  ["the caller was too fast", [{ before: 429, retryAfter: 0, code: "RATE_LIMITED" }]],
  ["one thing after the other happens", ["lose-answer", { before: 503, retryAfter: 0 }, "cut-answer"]],
];

t.test("IDEM-1 a change that is sent again is made once, whatever was lost", async (t) => {
  const { service, gateway, as } = await scene(t);
  for (const [name, fates] of losses) {
    gateway.fates = [...fates];
    const before = gateway.passed.length;
    const hold = await as("operator").placeHold({ environment: "elsewhere", reason: name });
    t.equal(hold.reason, name, name);
    t.equal(await holdsOf(service, name), 1, `${name}: one hold`);
    const sent = gateway.passed.slice(before);
    t.equal(sent.length, fates.length + 1, `${name}: sent again each time`);
    t.equal(new Set(sent.map(({ headers }) => headers["idempotency-key"])).size, 1, `${name}: under one key`);
  }
});

t.test("IDEM-1 the control: the same without a key is made twice", async (t) => {
  const { service, gateway } = await scene(t);
  gateway.fates = ["lose-answer"];
  const naive = () =>
    fetch(`${gateway.url}/v1/holds`, {
      method: "POST",
      headers: { authorization: `Bearer ${service.tokens.operator}`, "content-type": "application/json" },
      body: JSON.stringify({ environment: "elsewhere", reason: "naive" }),
    });
  await t.rejects(naive());
  t.equal((await naive()).status, 201);
  t.equal(await holdsOf(service, "naive"), 2);
});

t.test("IDEM-1 an unknown outcome says so, and its key finds out what became of it", async (t) => {
  const { service, gateway, as } = await scene(t);
  gateway.fates = ["lose-answer", "lose-answer", "lose-request"];
  const input = { environment: "elsewhere", reason: "unknown" };
  const error = await as("operator", { attempts: 3 })
    .placeHold(input)
    .catch((e: unknown) => e);
  t.ok(error instanceof UnknownOutcome);
  t.match(error, { name: "UnknownOutcome", code: "UNKNOWN_OUTCOME", status: 0, idempotencyKey: String });
  if (!(error instanceof UnknownOutcome)) return;
  const { idempotencyKey } = error;
  const hold = await as("operator").placeHold(input, { idempotencyKey });
  t.equal(await holdsOf(service, "unknown"), 1);
  t.match(await as("auditor").readHold(hold.id), { reason: "unknown", status: "standing" });
});

t.test("IDEM-1 while the first is still at it, the client waits for what becomes of it", async (t) => {
  const { service, gateway, as } = await scene(t);
  const released = Promise.withResolvers<void>();
  const lock = new pg.Client({ connectionString: service.stage.names.superUrl });
  await lock.connect();
  t.teardown(() => lock.end());
  await lock.query("BEGIN");
  await lock.query("LOCK TABLE registration_holds IN SHARE MODE");
  gateway.fates = ["leave-early"];
  const call = as("operator", { attempts: 20 }).placeHold({ environment: "elsewhere", reason: "still at it" });
  const answers: string[] = [];
  gateway.onAnswer = (text) => {
    answers.push(text);
    if (text.includes("IDEMPOTENCY_IN_PROGRESS")) released.resolve();
  };
  await released.promise;
  await lock.query("ROLLBACK");
  t.equal((await call).reason, "still at it");
  t.equal(await holdsOf(service, "still at it"), 1);
  t.ok(
    answers.some((text) => text.includes("IDEMPOTENCY_IN_PROGRESS")),
    "it was told that the first is still at it",
  );
});

t.test("IDEM-1 a refusal that came before the key was looked up does not settle what was lost before", async (t) => {
  const { gateway, as } = await scene(t);
  const input = { environment: "elsewhere", reason: "refused later" };
  for (const fate of [
    { before: 401, code: "UNAUTHENTICATED" },
    { before: 403, code: "FORBIDDEN" },
    { before: 500, code: "INTERNAL_ERROR" },
  ]) {
    gateway.fates = ["lose-answer", fate];
    await t.rejects(as("operator").placeHold(input), { name: "UnknownOutcome", status: fate.before }, fate.code);
    gateway.fates = [fate];
    const error = await as("operator")
      .placeHold(input)
      .catch((e: unknown) => e);
    t.match(error, { status: fate.before, code: fate.code });
    t.notOk(error instanceof UnknownOutcome, `${fate.code} at once is a refusal`);
  }
});

t.test("APR-7 execute is signed anew each time, and mints once", async (t) => {
  const { service, gateway, as } = await scene(t);
  const { aprCode, digest } = await approve(service, approvalRequest());
  gateway.fates = ["lose-answer", "cut-answer"];
  const minted = await as("dispatcher").execute(aprCode, digest, syncSecret);
  const sent = gateway.passed.filter(({ path }) => path.endsWith("/execute"));
  t.equal(sent.length, 3);
  t.equal(new Set(sent.map(({ headers }) => headers["webhook-id"])).size, 3, "three signatures");
  const { items } = await as("auditor").listGrants({ request_ref: aprCode });
  t.same(
    items.map(({ auth_code }) => auth_code),
    [minted.auth_code],
  );
  const executor = as("c1-builder");
  gateway.fates = ["lose-answer", "lose-answer"];
  t.equal((await executor.verify(bindings() as never)).auth_code, minted.auth_code, "a question may be asked again");
  gateway.fates = ["lose-answer"];
  const receipt = await executor.consume(minted.auth_code, {
    ...(bindings() as object),
    idempotency_root: "r",
  } as never);
  t.equal(receipt.auth_code, minted.auth_code);
});

t.test("IDEM-1 many changes on a bad line: as many as were answered, and none twice", async (t) => {
  const { service, gateway, as } = await scene(t);
  const fates: readonly Fate[] = ["pass", "lose-request", "lose-answer", "cut-answer", { after: 502 }];
  const operator = as("operator", { attempts: 3 });
  let made = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...fates), { minLength: 1, maxLength: 4 }), async (line) => {
      made += 1;
      const reason = `property ${made}`;
      gateway.fates = [...line];
      const result = await operator.placeHold({ environment: "elsewhere", reason }).catch((e: unknown) => e);
      gateway.fates = [];
      const count = await holdsOf(service, reason);
      if (!(result instanceof Error)) return count === 1;
      return result instanceof UnknownOutcome && count <= 1;
    }),
    { numRuns: 40, seed: 9 },
  );
  t.ok(made >= 40);
});

t.test("IDEM-1 what has no key is never sent again", async (t) => {
  const { gateway, as } = await scene(t);
  gateway.fates = ["lose-answer"];
  const before = gateway.passed.length;
  await t.rejects(as("operator").session.open({ token: "a-token" }), { name: "UnknownOutcome" });
  t.equal(gateway.passed.length - before, 1);
  t.equal(gateway.passed.at(-1)?.headers["idempotency-key"], undefined);
});

t.test("operations: a read is asked again, and in the end it is said that there is nobody", async (t) => {
  const { gateway, as } = await scene(t);
  gateway.fates = ["lose-answer", "cut-answer", { after: 504 }];
  t.ok(Array.isArray((await as("auditor").listHolds()).items));
  gateway.fates = ["lose-answer", "lose-answer"];
  const error = await as("auditor", { attempts: 2 })
    .listHolds()
    .catch((e: unknown) => e);
  t.ok(error instanceof Unavailable);
  t.match(error, { code: "CONNECTION_LOST", status: 0, cause: Error });
  gateway.fates = [
    { before: 503, retryAfter: 0 },
    { before: 503, retryAfter: 0 },
  ];
  await t.rejects(as("auditor", { attempts: 2 }).listHolds(), { name: "Unavailable", status: 503, code: "OVERLOADED" });
});

t.test("operations: where no connection was made, the change was not made", async (t) => {
  const gone = createServer();
  await new Promise<void>((resolve) => {
    gone.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`;
  await new Promise((resolve) => {
    gone.close(resolve);
  });
  const error = await new Client({ url, token: "t", attempts: 2 }).withdraw("APR-1").catch((e: unknown) => e);
  t.ok(error instanceof Unavailable && error instanceof ClientProblem);
  t.notOk(error instanceof UnknownOutcome);
  t.match(error, { status: 0, code: "CONNECTION_LOST", detail: /ECONNREFUSED/ });
});
