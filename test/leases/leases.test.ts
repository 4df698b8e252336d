import { createHash } from "node:crypto";
import t from "tap";
import { approvalRequest, bindings, consume, expectStatus, mintGrant, seedGrants } from "../support/flow.ts";
import { letTimePass } from "../support/past.ts";
import { type Answer, type InProcess, type Person, startService } from "../support/service.ts";

const name = "lego1-c1-build";
const table = "dot_iu_runtime_lease";

interface Held {
  readonly token: string;
  readonly fencing_token: number;
  readonly expires_at: string;
}

async function seeded(service: InProcess, count: number): Promise<string[]> {
  return service.stage.database.transact((tx) => seedGrants(tx, count));
}

async function reserve(service: InProcess, authCode: string, root: string, ttl?: number): Promise<Held> {
  const lease = { name, ...(ttl === undefined ? {} : { ttl_seconds: ttl }) };
  const { body } = await expectStatus(consume(service, authCode, root, { lease }), 200);
  return body["lease"] as unknown as Held;
}

function keep(service: InProcess, act: "renew" | "release", body: object, as: Person = "c1-builder"): Promise<Answer> {
  return service.call("POST", `/v1/leases/${name}/${act}`, { as, body });
}

/** Every row that the service's role can read, as text. */
async function everyRow(service: InProcess): Promise<string[]> {
  return service.stage.database.transact(async (tx) => {
    const lines: string[] = [];
    const readable = await tx.query<{ name: string }>(
      "SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND has_table_privilege(oid, 'SELECT')",
    );
    for (const { name: each } of readable.rows) {
      const { rows } = await tx.query<{ line: string }>(`SELECT r::text AS line FROM ${each} r`);
      lines.push(...rows.map((row) => row.line));
    }
    return lines;
  });
}

t.test("LEASE-1 a lease is held for 30 minutes unless asked otherwise, and renewed with its token alone", async (t) => {
  const service = await startService(t);
  const held = await reserve(service, await mintGrant(service), "root-1");
  const left = (Date.parse(held.expires_at) - Date.now()) / 1_000;
  t.ok(left > 1_700 && left <= 1_801, `${left} s`);
  const renewed = await keep(service, "renew", { token: held.token, ttl_seconds: 3_600 });
  t.equal(renewed.status, 200, renewed.text);
  t.match(renewed.body, { status: "held", fencing_token: 1, holder: "c1-builder" });
  t.ok(Date.parse(renewed.body["expires_at"] as unknown as string) > Date.parse(held.expires_at));
  const wrong = await keep(service, "renew", { token: `${held.token}x` });
  t.equal(wrong.status, 403);
  t.match(wrong.body, { code: "LEASE_TOKEN_INVALID" });
  const theirs = await keep(service, "renew", { token: held.token }, "other-builder");
  t.equal(theirs.status, 403, "the token is good for its holder alone");
});

t.test("LEASE-1 a token is in no list, no read and no table", async (t) => {
  const service = await startService(t);
  const authCode = await mintGrant(service);
  const held = await reserve(service, authCode, "root-1");
  const paths = ["/v1/leases", "/v1/grants", `/v1/grants/${authCode}`];
  for (const path of paths) t.notMatch((await service.call("GET", path, { as: "operator" })).text, held.token);
  const events = await service.call("GET", "/v1/audit/events", { as: "auditor" });
  t.notMatch(events.text, held.token);
  const list = await service.call("GET", "/v1/leases", { as: "operator" });
  t.match(list.body["items"], [{ name, status: "held", auth_code: authCode }]);
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query<{ line: string }>(`SELECT l::text AS line FROM ${table} l`),
  );
  t.notMatch(rows[0]?.line, held.token);
});

t.test("LEASE-1 a released lease is free, its token is worth nothing, and the fence rises", async (t) => {
  const service = await startService(t);
  const [first = "", second = ""] = await seeded(service, 2);
  const held = await reserve(service, first, "root-1");
  t.match((await keep(service, "release", { token: held.token })).body, { status: "released", fencing_token: 1 });
  for (const act of ["renew", "release"] as const) {
    t.match((await keep(service, act, { token: held.token })).body, { code: "LEASE_TOKEN_INVALID" });
  }
  const next = await reserve(service, second, "root-2");
  t.equal(next.fencing_token, 2);
  t.not(next.token, held.token);
});

t.test("LEASE-1 an expired lease is taken over, and its old token is refused", async (t) => {
  const service = await startService(t);
  const [first = "", second = ""] = await seeded(service, 2);
  const held = await reserve(service, first, "root-1", 10);
  await letTimePass(service.stage, table, name);
  t.match((await keep(service, "renew", { token: held.token })).body, { code: "LEASE_TOKEN_INVALID" });
  const taken = await reserve(service, second, "root-2");
  t.equal(taken.fencing_token, 2);
  t.match((await keep(service, "renew", { token: held.token })).body, { code: "LEASE_TOKEN_INVALID" });
  t.equal((await keep(service, "renew", { token: taken.token })).status, 200);
});

t.test("LEASE-1 a renewal counts from now: asked for less, the lease lapses sooner", async (t) => {
  const service = await startService(t);
  const held = await reserve(service, await mintGrant(service), "root-1", 3_600);
  const { body } = await expectStatus(keep(service, "renew", { token: held.token, ttl_seconds: 10 }), 200);
  const { renewed_at, expires_at } = body as unknown as { renewed_at: string; expires_at: string };
  t.equal(Date.parse(expires_at) - Date.parse(renewed_at), 10_000);
  t.ok(Date.parse(expires_at) < Date.parse(held.expires_at));
  for (const ttl_seconds of [9, 0, -1, 86_401]) {
    t.equal((await keep(service, "renew", { token: held.token, ttl_seconds })).status, 400, `${ttl_seconds} s`);
  }
});

t.test("LEASE-2 a holder that was taken over changes nothing, and the event names it", async (t) => {
  const service = await startService(t);
  const held = await reserve(service, await mintGrant(service), "root-1", 10);
  await letTimePass(service.stage, table, name);
  const theirs = await mintGrant(service, approvalRequest({}, { executor: "other-builder" }));
  const body = { ...bindings({ executor: "other-builder" }), idempotency_root: "root-2", lease: { name } };
  await expectStatus(service.call("POST", `/v1/grants/${theirs}/consume`, { as: "other-builder", body }), 200);
  const events = () => service.call("GET", `/v1/audit/events?resource_id=${name}`, { as: "auditor" });
  const [before, told] = [await service.call("GET", `/v1/leases/${name}`, { as: "operator" }), await events()];
  t.match(told.body["items"], [
    {
      action: "lease.acquired",
      before: { status: "expired", holder: "c1-builder", fencing_token: 1 },
      after: { holder: "other-builder", fencing_token: 2 },
    },
    { action: "lease.acquired", before: null, after: { holder: "c1-builder", fencing_token: 1 } },
  ]);
  for (const act of ["renew", "release"] as const) {
    const refused = await keep(service, act, { token: held.token });
    t.equal(refused.status, 403, act);
    t.match(refused.body, { code: "LEASE_TOKEN_INVALID" });
  }
  t.equal((await service.call("GET", `/v1/leases/${name}`, { as: "operator" })).text, before.text);
  t.equal((await events()).text, told.text, "no event of it either");
});

t.test("LEASE-1 the status is that of the moment, in the list and alone", async (t) => {
  const service = await startService(t);
  const [first = "", second = ""] = await seeded(service, 2);
  const statuses = async () => {
    const list = await service.call("GET", "/v1/leases", { as: "operator" });
    const alone = await service.call("GET", `/v1/leases/${name}`, { as: "c1-builder" });
    return [(list.body["items"] as unknown as { status: string }[])[0]?.status, alone.body["status"]];
  };
  await reserve(service, first, "root-1");
  t.same(await statuses(), ["held", "held"]);
  await letTimePass(service.stage, table, name);
  t.same(await statuses(), ["expired", "expired"]);
  const held = await reserve(service, second, "root-2");
  t.same(await statuses(), ["held", "held"]);
  await expectStatus(keep(service, "release", { token: held.token }), 200);
  t.same(await statuses(), ["released", "released"]);
  t.equal((await service.call("GET", "/v1/leases/never-taken", { as: "operator" })).status, 404);
});

t.test("LEASE-1 neither a token nor its hash is in any answer but the holder's, any event or any row", async (t) => {
  const service = await startService(t);
  const [first = "", second = "", third = ""] = await seeded(service, 3);
  const held = await reserve(service, first, "root-1", 10);
  const answers = [
    await keep(service, "renew", { token: held.token, ttl_seconds: 10 }),
    await keep(service, "renew", { token: `${held.token}x` }),
    await consume(service, third, "root-3", { lease: { name } }),
  ];
  await letTimePass(service.stage, table, name);
  const body = { ...bindings(), idempotency_root: "root-2", lease: { name } };
  const headers = { "idempotency-key": "consume-with-key" };
  const keyed = service.call("POST", `/v1/grants/${second}/consume`, { as: "c1-builder", body, headers });
  const taken = (await expectStatus(keyed, 200)).body["lease"] as unknown as Held;
  answers.push(await keep(service, "release", { token: held.token }), await consume(service, first, "root-1"));
  answers.push(await keep(service, "release", { token: taken.token }));
  const paths = ["/v1/leases", `/v1/leases/${name}`, "/v1/grants", `/v1/grants/${first}`];
  for (const path of paths) answers.push(await expectStatus(service.call("GET", path, { as: "operator" }), 200));
  const events = service.call("GET", "/v1/audit/events?limit=100", { as: "auditor" });
  answers.push(await expectStatus(events, 200));

  const rows = await everyRow(service);
  t.ok(
    ["lease.acquired", second, "consume-with-key"].every((known) => rows.some((row) => row.includes(known))),
    "the rows were read",
  );
  const said = answers.map((answer) => answer.text);
  t.match(held.token, /^cl_k1\./);
  // As text, and as bytea is shown.
  for (const form of ["cl_k1.", Buffer.from("cl_k1.").toString("hex")]) {
    t.same(
      [...said, ...rows].filter((text) => text.includes(form)),
      [],
    );
  }
  for (const { token } of [held, taken]) {
    const hash = createHash("sha256").update(token).digest();
    for (const form of ["hex", "base64", "base64url"] as const) {
      t.same(
        said.filter((text) => text.includes(hash.toString(form))),
        [],
        form,
      );
    }
  }
});

t.test("GRANT-4 a held lease leaves the grant untouched, and names when it may be tried again", async (t) => {
  const service = await startService(t);
  const [first = "", second = ""] = await seeded(service, 2);
  await reserve(service, first, "root-1");
  const refused = await consume(service, second, "root-2", { lease: { name } });
  t.equal(refused.status, 409);
  t.match(refused.body, { code: "LEASE_HELD" });
  const seconds = Number(refused.headers.get("retry-after"));
  t.ok(seconds > 1_700 && seconds <= 1_801, `${seconds}`);
  const grant = await service.call("GET", `/v1/grants/${second}`, { as: "auditor" });
  t.match(grant.body, { status: "active", consumed_at: null, idempotency_root: null });
  t.equal((await consume(service, second, "root-2")).status, 200);
});

t.test("GRANT-4 a refused grant leaves no lease", async (t) => {
  const service = await startService(t);
  const authCode = await mintGrant(service);
  const refused = await consume(service, authCode, "root-1", { plan_revision: "4", lease: { name } });
  t.equal(refused.status, 403);
  const { body } = await service.call("GET", "/v1/leases", { as: "operator" });
  t.same(body["items"], []);
});

t.test("GRANT-8 a replayed receipt shows the token only while its fence is the current one", async (t) => {
  const service = await startService(t);
  const [first = "", second = ""] = await seeded(service, 2);
  const held = await reserve(service, first, "root-1");
  const again = await expectStatus(consume(service, first, "root-1", { lease: { name } }), 200);
  t.match(again.body, { replayed: true, lease: { token: held.token, fencing_token: 1 } });
  await expectStatus(keep(service, "release", { token: held.token }), 200);
  const released = await expectStatus(consume(service, first, "root-1"), 200);
  t.equal(released.body["lease"], undefined, "released");
  await reserve(service, second, "root-2");
  const later = await expectStatus(consume(service, first, "root-1"), 200);
  t.equal(later.body["lease"], undefined, "taken by another");
  t.notMatch(later.text, held.token);
});

t.test("GRANT-4 of two who want the lease at once one gets it, and the other's grant stays good", async (t) => {
  const service = await startService(t);
  const codes = await seeded(service, 2);
  const answers = await Promise.all(codes.map((code, i) => consume(service, code, `root-${i}`, { lease: { name } })));
  t.same(
    answers.map((answer) => answer.status).toSorted((a, b) => a - b),
    [200, 409],
  );
  const { body } = await service.call("GET", "/v1/grants?status=active", { as: "auditor" });
  t.equal((body["items"] as unknown as unknown[]).length, 1);
});

t.test("GRANT-7 an executor consumes no one else's grant", async (t) => {
  const service = await startService(t);
  const authCode = await mintGrant(service);
  const body = { idempotency_root: "root-1" };
  for (const changes of [{}, { executor: "other-builder" }]) {
    const path = `/v1/grants/${authCode}/consume`;
    const theirs = await service.call("POST", path, { as: "other-builder", body: { ...bindings(changes), ...body } });
    t.equal(theirs.status, 403);
    t.match(theirs.body, { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", mismatched: ["executor"] });
  }
});
