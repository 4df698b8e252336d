import pg from "pg";
import t, { type Test } from "tap";
import {
  commitBindings,
  detachedJws,
  esign,
  mintActive,
  mintDraft,
  payloadOf,
  sovereignRequest,
  usableKey,
} from "../../support/commit.ts";
import { consume, expectStatus, seedGrants } from "../../support/flow.ts";
import { type Answer, type Service, type Stage, setStage, spawnService, startService } from "../../support/service.ts";

t.setTimeout(120_000);

// Times are compared by the database as it wrote them: in JavaScript they would lose their microseconds.

/** Consumes the grants with some at once, until they are used up; `started` counts those under way or done. */
async function consumeAll(
  services: readonly Service[],
  codes: readonly string[],
  width: number,
  onAnswer: (answers: Answer[]) => void,
) {
  const answers: Answer[] = [];
  const queue = codes.entries();
  const worker = async (): Promise<void> => {
    for (const [at, code] of queue) {
      answers.push(await consume(services[at % services.length] as Service, code, `root-${code}`));
      onAnswer(answers);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return answers;
}

interface Race {
  passed: number;
  stopped: number;
  /** Uses that came after the hold was placed or acknowledged. */
  late: number;
  /** Answers that are neither a use nor REGISTRATION_HOLD. */
  strange: string[];
}

/** Consumes race a hold, round after round, over two processes; each hold is lifted for the next round. */
async function raceHolds(t: Test, stage: Stage, rounds: number): Promise<Race> {
  const services = [await spawnService(t, stage), await spawnService(t, stage)] as const;
  const race: Race = { passed: 0, stopped: 0, late: 0, strange: [] };
  for (let round = 0; round < rounds; round += 1) {
    const codes = await stage.database.transact((tx) => seedGrants(tx, 120));
    const body = { reason: `round ${round}`, ...(round % 3 === 0 ? {} : { environment: "rehearsal" }) };
    const place = async () => {
      const pending = services[round % 2 === 0 ? 0 : 1].call("POST", "/v1/holds", { as: "operator", body });
      const placed = await expectStatus(pending, 201);
      const { rows } = await stage.database.transact((tx) =>
        tx.query<{ now: string }>("SELECT clock_timestamp()::text AS now"),
      );
      return { id: String(placed.body["id"]), acknowledged: rows[0]?.now ?? "" };
    };
    let hold: ReturnType<typeof place> | undefined;
    const answers = await consumeAll(services, codes, 24, (soFar) => {
      if (soFar.length >= 10 + round * 4) hold ??= place();
    });
    hold ??= place();
    const { id, acknowledged } = await hold;
    race.strange.push(...answers.filter(isStrange).map((one) => one.text));
    const { rowCount: late } = await stage.database.transact((tx) =>
      tx.query(
        `SELECT FROM grant_receipts r, registration_holds h
          WHERE h.id = $1 AND r.auth_code = ANY ($2) AND (r.consumed_at >= h.placed_at OR r.consumed_at >= $3::timestamptz)`,
        [id, codes, acknowledged],
      ),
    );
    const { rowCount: used } = await stage.database.transact((tx) =>
      tx.query("SELECT FROM governance_build_authorization WHERE status = 'consumed' AND auth_code = ANY ($1)", [
        codes,
      ]),
    );
    const passed = answers.filter((one) => one.status === 200).length;
    if (used !== passed) race.strange.push(`round ${round}: ${passed} were told of a use, ${used} were used`);
    race.passed += passed;
    race.stopped += codes.length - passed;
    race.late += late;
    await expectStatus(services[1].call("POST", `/v1/holds/${id}/lift`, { as: "sovereign" }), 200);
  }
  return race;
}

const isStrange = (answer: Answer): boolean =>
  answer.status !== 200 && String(answer.body["code"]) !== "REGISTRATION_HOLD";

t.test("GRANT-9 of consumes that race a hold over two processes, none passes after it was acknowledged", async (t) => {
  const race = await raceHolds(t, await setStage(t), 6);
  t.comment(`${race.passed} passed before their hold, ${race.stopped} were stopped by it`);
  t.same({ late: race.late, strange: race.strange }, { late: 0, strange: [] });
  t.ok(race.passed > 0 && race.stopped > 0, "both sides of the race were seen");
});

t.test("GRANT-9 the control: without the gate, the same race lets uses pass after the hold", async (t) => {
  const stage = await setStage(t);
  const client = new pg.Client({ connectionString: stage.names.superUrl });
  await client.connect();
  await client.query("CREATE OR REPLACE FUNCTION pass_hold_gate() RETURNS void LANGUAGE sql VOLATILE AS ''");
  await client.end();
  let late = 0;
  for (let attempt = 0; attempt < 10 && late === 0; attempt += 1) late = (await raceHolds(t, stage, 12)).late;
  t.ok(late > 0, "the check sees a service that looks and then acts");
});

t.test("GRANT-9 a hold stops its environment or everything, until each is lifted; all else goes on", async (t) => {
  const service = await startService(t);
  const { authCode } = await mintActive(service);
  const place = async (body: object, as: "operator" | "sovereign" = "operator") =>
    (await expectStatus(service.call("POST", "/v1/holds", { as, body }), 201)).body;
  const lift = (id: unknown, options = {}) =>
    expectStatus(service.call("POST", `/v1/holds/${String(id)}/lift`, { as: "operator", ...options }), 200);
  const use = (root = "root") => consume(service, authCode, root, commitBindings());

  const elsewhere = await place({ environment: "production", reason: "audit week" });
  const dry = await service.call("POST", `/v1/grants/${authCode}/consume?dry_run=true`, {
    as: "c1-builder",
    body: { ...commitBindings(), idempotency_root: "root" },
  });
  t.equal(dry.status, 200, "another environment's hold is no matter");
  const here = await place({ environment: "staging", reason: "incident 4711" }, "sovereign");
  const all = await place({ environment: null, reason: "everything" });
  t.match(all, { environment: null, status: "standing", placed_by: "operator" });
  const refused = await use();
  t.match(
    { ...refused.body, status: refused.status },
    {
      status: 409,
      code: "REGISTRATION_HOLD",
      detail: /sovereign stopped staging .*incident 4711/,
      hold: { id: here["id"] },
    },
  );
  const held = await service.call("POST", `/v1/grants/${authCode}/consume`, {
    as: "c1-builder",
    body: { ...commitBindings(), idempotency_root: "root", lease: { name: "lego1-c1-build" } },
    headers: { "idempotency-key": "one" },
  });
  t.match(held.body, { code: "REGISTRATION_HOLD" });
  t.same((await service.call("GET", "/v1/leases", { as: "operator" })).body["items"], [], "no lease is left behind");

  t.match((await service.call("POST", "/v1/grants/verify", { as: "c1-builder", body: commitBindings() })).body, {
    verdict: "valid",
    on_hold: true,
  });
  const draft = await mintDraft(service, sovereignRequest()).catch((error: unknown) => String(error));
  t.match(draft, /active_grant_exists/, "requests, votes and executions go on");
  const findings = await service.call("GET", "/v1/doctor", { as: "operator" });
  t.equal(
    (findings.body["findings"] as unknown as { code: string }[]).filter((one) => one.code === "HOLD_STANDS").length,
    3,
  );

  await lift(here["id"], { body: { reason: "over" } });
  t.match((await use()).body, { code: "REGISTRATION_HOLD", hold: { id: all["id"] } }, "the other one still stands");
  await lift(all["id"]);
  const again = await lift(here["id"], { body: { reason: "again" } });
  t.match(again.body, { status: "lifted", lifted_reason: "over", lifted_by: "operator" }, "the first lift is answered");
  const retry = await service.call("POST", `/v1/grants/${authCode}/consume`, {
    as: "c1-builder",
    body: { ...commitBindings(), idempotency_root: "root", lease: { name: "lego1-c1-build" } },
    headers: { "idempotency-key": "one" },
  });
  t.match(
    { ...retry.body, status: retry.status },
    { status: 200, replayed: false },
    "the refusal was not stored under the key",
  );

  await place({ environment: "staging", reason: "once more" });
  t.match({ ...(await use()).body }, { replayed: true }, "a receipt is read, not used");
  const listed = await service.call("GET", "/v1/holds?status=standing&environment=staging", { as: "auditor" });
  t.same(
    (listed.body["items"] as unknown as { reason: string }[]).map((one) => one.reason),
    ["once more"],
  );
  t.equal(
    (await service.call("GET", `/v1/holds/${String(elsewhere["id"])}`, { as: "c1-builder" })).body["environment"],
    "production",
  );
  const events = await service.call("GET", "/v1/audit/events?resource_type=hold&limit=200", { as: "auditor" });
  t.same((events.body["items"] as unknown as { action: string }[]).map((one) => one.action).toSorted(), [
    "hold.lifted",
    "hold.lifted",
    "hold.placed",
    "hold.placed",
    "hold.placed",
    "hold.placed",
  ]);
  for (const body of [
    {},
    { reason: " " },
    { reason: "r", environment: "" },
    { reason: "r", more: 1 },
    { environment: "a" },
  ]) {
    t.equal((await service.call("POST", "/v1/holds", { as: "operator", body })).status, 400, JSON.stringify(body));
  }
  t.equal((await service.call("POST", "/v1/holds/none/lift", { as: "operator" })).status, 400);
});

t.test(
  "GRANT-3 of consumes that race the revocation of their key, none passes after it was acknowledged",
  async (t) => {
    const stage = await setStage(t);
    const services = [await spawnService(t, stage), await spawnService(t, stage)] as const;
    const seen = new Set<string>();
    for (let round = 0; round < 15; round += 1) {
      const key = await usableKey(services[0]);
      const authCode = await mintDraft(services[0]);
      await expectStatus(esign(services[0], authCode, detachedJws(key, await payloadOf(services[0], authCode))), 200);
      const revoke = services[1].call("POST", `/v1/signing-keys/${key.kid}/revoke`, {
        as: "admin",
        body: { reason: "race" },
      });
      const uses = Array.from({ length: 8 }, (_, n) =>
        consume(services[n % 2] as Service, authCode, `root-${n}`, commitBindings()),
      );
      const [revoked, ...answers] = await Promise.all([revoke, ...uses]);
      t.equal(revoked.status, 200);
      const codes = answers.map((one) => (one.status === 200 ? "passed" : String(one.body["code"])));
      for (const code of codes) seen.add(code);
      const { rows } = await stage.database.transact((tx) =>
        tx.query(
          "SELECT g.auth_code FROM governance_build_authorization g JOIN grant_signatures USING (auth_code) JOIN signing_keys k USING (kid) WHERE g.consumed_at > k.revoked_at",
        ),
      );
      t.same(rows, [], `round ${round}: ${codes.join(" ")}`);
      if (!codes.includes("passed")) {
        await expectStatus(
          services[0].call("POST", `/v1/grants/${authCode}/revoke`, { as: "operator", body: { reason: "next" } }),
          200,
        );
      }
    }
    t.comment([...seen].toSorted().join(" "));
    t.same(
      [...seen].filter(
        (code) => !["passed", "REJECT_SIGNATURE_KEY_REVOKED", "REJECT_AUTH_ALREADY_CONSUMED"].includes(code),
      ),
      [],
    );
  },
);
