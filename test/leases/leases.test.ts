import t from "tap";
import { bindings, consume, expectStatus, mintGrant, seedGrants } from "../support/flow.ts";
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
