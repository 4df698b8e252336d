import t from "tap";
import { routes } from "../../src/http/routes/index.ts";
import { isUrgent, streams, urgentRoutes } from "../../src/http/plugins/admission.ts";
import { consume, seedGrants } from "../support/flow.ts";
import { holdGate } from "../support/gate.ts";
import { type Answer, type Service, setStage, spawnService, type Stage } from "../support/service.ts";

const bound = 64;
const sent = 150;
/** A statement may wait as long as the test keeps it waiting. */
const patient = { STATEMENT_TIMEOUT_MS: "60000", LOCK_TIMEOUT_MS: "60000", REQUEST_TIMEOUT_MS: "60000" };

interface Drive {
  /** Those that were refused while the rest was still under way. */
  readonly refused: readonly { code: string; answer: Answer }[];
  /** The rest, in time. */
  readonly admitted: Promise<readonly { code: string; answer: Answer }[]>;
}

/** Sends a consume for each grant at once, and waits for so many to be refused: the others cannot be done before a gate opens. */
async function drive(service: Service, codes: readonly string[], refusals: number): Promise<Drive> {
  const refused: { code: string; answer: Answer }[] = [];
  const others: { code: string; answer: Answer }[] = [];
  let enough: () => void = () => undefined;
  const seen = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const all = Promise.all(
    codes.map(async (code) => {
      const answer = await consume(service, code, `root-${code}`);
      (answer.status === 503 ? refused : others).push({ code, answer });
      if (refused.length === refusals) enough();
    }),
  );
  if (refusals > 0) await Promise.race([seen, all]);
  return { refused: [...refused], admitted: all.then(() => others) };
}

async function overloadedService(t: Parameters<typeof setStage>[0], env: Record<string, string> = {}) {
  const stage = await setStage(t);
  const codes = await stage.database.transact((tx) => seedGrants(tx, sent));
  const service = await spawnService(t, stage, { ...patient, MAX_IN_FLIGHT: String(bound), ...env });
  // Whoever is asked about later is known by then.
  for (const as of ["c1-builder", "operator"] as const) await service.call("GET", "/v1/holds", { as });
  return { stage, codes, service };
}

/** What is left in the database of a use of these grants. */
async function tracesOf(stage: Stage, codes: readonly string[]) {
  const { rows } = await stage.database.transact((tx) =>
    tx.query<{ active: number; receipts: number; events: number }>(
      `SELECT (SELECT count(*)::int FROM governance_build_authorization WHERE auth_code = ANY ($1) AND status = 'active') AS active,
              (SELECT count(*)::int FROM grant_receipts WHERE auth_code = ANY ($1)) AS receipts,
              (SELECT count(*)::int FROM audit_events WHERE action = 'grant.consumed' AND resource_id = ANY ($1)) AS events`,
      [codes],
    ),
  );
  return rows[0];
}

t.test(
  "OPEN-7 past the bound requests are refused at once with retry-after, and nothing is changed by them",
  async (t) => {
    t.setTimeout(120_000);
    const { stage, codes, service } = await overloadedService(t);
    const spare = await stage.database.transact((tx) => seedGrants(tx, 1));
    const gate = await holdGate(t, stage.names.superUrl, "LOCK TABLE grant_receipts");
    const { refused, admitted } = await drive(service, codes, sent - bound);
    t.equal(refused.length, sent - bound, "all beyond the bound are refused while the others are under way");
    for (const { code, answer } of refused) {
      const { headers, body } = answer;
      t.match(
        { retry: headers.get("retry-after"), type: headers.get("content-type"), cache: headers.get("cache-control") },
        { retry: /^[1-9]\d*$/, type: /^application\/problem\+json/, cache: "no-store" },
      );
      t.strictSame(
        body,
        {
          type: "/docs/problems/OVERLOADED",
          title: "The service is overloaded",
          status: 503,
          detail: "As many requests are under way as can be answered in good time. Nothing was changed.",
          instance: `/v1/grants/${code}/consume`,
          code: "OVERLOADED",
          request_id: headers.get("x-request-id"),
        },
        "the shape of every problem",
      );
    }

    t.comment("refused before anything is spent on them: no token is looked at and no body read");
    const stranger = await service.call("POST", "/v1/grants/verify", { token: "nobody", raw: "{ not json" });
    t.match([stranger.status, stranger.body], [503, { code: "OVERLOADED" }]);
    const nowhere = await service.call("GET", "/v1/nothing", { headers: { accept: "text/event-stream" } });
    t.equal(nowhere.status, 503);

    t.comment("what tells how it is, and what must get through, gets through");
    for (const path of ["/livez", "/readyz"]) t.equal((await service.call("GET", path)).status, 200, path);
    const { text: metrics } = await service.call("GET", "/metrics");
    t.match(metrics, new RegExp(`^countersign_requests_in_flight ${bound}$`, "m"));
    t.match(metrics, new RegExp(`^countersign_requests_refused_total ${sent - bound + 2}$`, "m"));
    const revoked = await service.call("POST", `/v1/grants/${spare[0]}/revoke`, {
      as: "operator",
      body: { reason: "Something is wrong." },
    });
    t.match([revoked.status, revoked.body], [200, { status: "revoked" }]);

    await gate.open();
    const done = await admitted;
    t.equal(done.length, bound);
    for (const { answer } of done) t.match([answer.status, answer.body], [200, { replayed: false }]);
    t.same(
      await tracesOf(
        stage,
        done.map(({ code }) => code),
      ),
      { active: 0, receipts: bound, events: bound },
      "those that were let in are used once each",
    );
    const left = refused.map(({ code }) => code);
    t.same(await tracesOf(stage, left), { active: left.length, receipts: 0, events: 0 }, "the others are as they were");

    t.comment("after the load everything is let in again");
    for (let from = 0; from < left.length; from += bound) {
      const again = await Promise.all(
        left.slice(from, from + bound).map((code) => consume(service, code, `root-${code}`)),
      );
      t.same([...new Set(again.map(({ status }) => status))], [200]);
    }
    t.same(await tracesOf(stage, codes), { active: 0, receipts: sent, events: sent });
  },
);

t.test(
  "GRANT-9 a hold is placed in the midst of an overload, and holds those that were let in before it",
  async (t) => {
    t.setTimeout(120_000);
    const { stage, codes, service } = await overloadedService(t);
    const gate = await holdGate(t, stage.names.superUrl, "LOCK TABLE governance_build_authorization");
    const { refused, admitted } = await drive(service, codes, sent - bound);
    t.equal(refused.length, sent - bound);
    const held = await service.call("POST", "/v1/holds", { as: "operator", body: { reason: "Stop everything." } });
    t.equal(held.status, 201, "while no other request gets in");
    t.equal((await service.call("GET", "/v1/holds", { as: "operator" })).status, 503);
    await gate.open();
    for (const { answer } of await admitted)
      t.match([answer.status, answer.body], [409, { code: "REGISTRATION_HOLD" }]);
    t.same(await tracesOf(stage, codes), { active: sent, receipts: 0, events: 0 }, "nothing passed the hold");
    const lifted = await service.call("POST", `/v1/holds/${String(held.body["id"])}/lift`, { as: "operator" });
    t.equal(lifted.status, 200);
    t.equal((await consume(service, codes[0] as string, "after")).status, 200);
  },
);

t.test("OPEN-7 control: without the bound the same requests are all taken on, and all wait", async (t) => {
  t.setTimeout(120_000);
  const { stage, codes, service } = await overloadedService(t, { MAX_IN_FLIGHT: "1000" });
  const gate = await holdGate(t, stage.names.superUrl, "LOCK TABLE grant_receipts");
  const { refused, admitted } = await drive(service, codes, 0);
  await gate.waitedFor();
  await gate.open();
  t.equal(refused.length, 0);
  t.same([...new Set((await admitted).map(({ answer }) => answer.status))], [200]);
});

t.test("GRANT-9 OPEN-7 every way to stop or take back something has the reserve, and no other has", (t) => {
  const known = routes.map(({ method, url }) => `${method} ${url}`);
  for (const route of urgentRoutes) t.ok(known.includes(route), `${route} is a route`);
  const stops = known.filter((route) => /^POST .*\/revoke$|^POST \/v1\/holds(?:\/:id\/lift)?$/.test(route));
  t.strictSame(
    stops.filter((route) => !urgentRoutes.includes(route)),
    [],
  );
  for (const route of known) {
    const [method, url = ""] = route.split(" ");
    t.equal(isUrgent(method, url.replace(/:\w+/g, "a.b-c%20d")), urgentRoutes.includes(route), route);
  }
  t.notOk(isUrgent("POST", "/v1/holds/x/y/lift"));
  t.notOk(isUrgent("GET", "/v1/holds"));
  t.strictSame(
    routes.filter((route) => "stream" in route).map(({ method, url }) => streams.test(`${method} ${url}`)),
    [true],
    "the one stream is known as one: it lasts, and takes no place",
  );
  t.end();
});
