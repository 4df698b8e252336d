import t from "tap";
import {
  detachedJws,
  enlist,
  esign,
  makeKey,
  mintDraft,
  payloadOf,
  registration,
  type TestKey,
  usableKey,
} from "../support/commit.ts";
import { expectStatus } from "../support/flow.ts";
import { letTimePass } from "../support/past.ts";
import { type InProcess, startService } from "../support/service.ts";

const register = (service: InProcess, body: unknown) =>
  service.call("POST", "/v1/signing-keys", { as: "sovereign", body });
const confirm = (service: InProcess, kid: string, as: "council_1" | "council_2" = "council_1") =>
  service.call("POST", `/v1/signing-keys/${kid}/confirm`, { as });
const revoke = (service: InProcess, kid: string, as: "admin" | "sovereign" = "admin") =>
  service.call("POST", `/v1/signing-keys/${kid}/revoke`, { as, body: { reason: "the laptop was lost" } });

t.test("ESIGN-4 a key is registered by its owner, confirmed by the council, and revoked for good", async (t) => {
  const service = await startService(t);
  for (const alg of ["EdDSA", "ES256"] as const) {
    const key = makeKey(alg);
    const made = await expectStatus(register(service, registration(key, "sovereign")), 201);
    t.match(made.body, { kid: key.kid, principal: "sovereign", alg, jwk: key.jwk, status: "pending", usable: false });
    const { calculateJwkThumbprint } = await import("jose");
    t.equal(made.body["thumbprint"], await calculateJwkThumbprint(key.jwk), "RFC 7638, by another's hand");
    const confirmed = await expectStatus(confirm(service, key.kid), 200);
    t.match(confirmed.body, { status: "active", usable: true, confirmed_by: "council_1" });
    t.match((await expectStatus(confirm(service, key.kid, "council_2"), 200)).body, { confirmed_by: "council_1" });
    const revoked = await expectStatus(revoke(service, key.kid), 200);
    t.match(revoked.body, { status: "revoked", usable: false, revoked_by: "admin", confirmed_by: "council_1" });
    t.match((await expectStatus(revoke(service, key.kid, "sovereign"), 200)).body, { revoked_by: "admin" });
    t.match(await confirm(service, key.kid), { status: 409, body: { code: "SIGNING_KEY_STATE" } });
  }
  const events = await service.call("GET", "/v1/audit/events?resource_type=signing_key", { as: "auditor" });
  const actions = (events.body["items"] as unknown as { action: string }[]).map((one) => one.action);
  t.same(actions.slice(0, 3), ["signing_key.revoked", "signing_key.confirmed", "signing_key.registered"]);
  t.equal(actions.length, 6, "what changed nothing is not an event");
});

t.test("ESIGN-4 one person has many keys; a key has one name and one owner", async (t) => {
  const service = await startService(t);
  const first = await usableKey(service);
  await usableKey(service);
  const conflict = { status: 409, body: { code: "SIGNING_KEY_CONFLICT" } };
  t.match(
    await register(service, registration(makeKey("EdDSA", first.kid), "sovereign")),
    conflict,
    "the name is taken",
  );
  const renamed: TestKey = { ...first, kid: "another-name" };
  t.match(await register(service, registration(renamed, "sovereign")), {
    ...conflict,
    body: { detail: new RegExp(first.kid) },
  });
  const token = await enlist(service.stage, "second-sovereign", ["sovereign"]);
  const body = registration(renamed, "second-sovereign");
  t.match(await service.call("POST", "/v1/signing-keys", { token, body }), conflict, "the key is another's");
  await revoke(service, first.kid);
  t.match(await register(service, registration(renamed, "sovereign")), conflict, "a revoked key does not come back");

  t.match(await service.call("POST", `/v1/signing-keys/${first.kid}/revoke`, { token, body: { reason: "mine?" } }), {
    status: 403,
    body: { code: "FORBIDDEN" },
  });
  const listed = await service.call("GET", "/v1/signing-keys?status=active&principal=sovereign", { as: "council_1" });
  t.equal((listed.body["items"] as unknown as unknown[]).length, 1);
  t.match((await service.call("GET", `/v1/signing-keys/${first.kid}`, { as: "auditor" })).body, { status: "revoked" });
  t.equal((await service.call("GET", "/v1/signing-keys/none", { as: "auditor" })).status, 404);
});

t.test("ESIGN-4 nobody confirms their own key, and the council member must be another person", async (t) => {
  const service = await startService(t);
  const token = await enlist(service.stage, "both", ["sovereign", "council"]);
  const key = makeKey();
  await expectStatus(service.call("POST", "/v1/signing-keys", { token, body: registration(key, "both") }), 201);
  const own = await service.call("POST", `/v1/signing-keys/${key.kid}/confirm`, { token });
  t.match({ ...own.body, status: own.status }, { status: 409, code: "SIGNING_KEY_STATE", detail: /own key/ });
  await expectStatus(confirm(service, key.kid), 200);
  t.equal((await confirm(service, "none")).status, 404);
});

t.test("ESIGN-4 a key is good in its time and no longer", async (t) => {
  const service = await startService(t);
  const key = makeKey();
  await expectStatus(register(service, registration(key, "sovereign")), 201);
  await letTimePass(service.stage, "signing_keys", key.kid);
  t.match(await confirm(service, key.kid), { status: 409, body: { code: "SIGNING_KEY_STATE", detail: /expired/ } });
  t.match((await service.call("GET", "/v1/signing-keys?status=expired", { as: "admin" })).body, {
    items: [{ kid: key.kid, usable: false }],
  });
  const whole = await usableKey(service, {
    changes: { valid_until: "2029-01-01T00:00:00Z", valid_from: "2026-01-01T00:00:00.5Z" },
  });
  t.match((await service.call("GET", `/v1/signing-keys/${whole.kid}`, { as: "admin" })).body, {
    valid_from: "2026-01-01T00:00:00.500Z",
    valid_until: "2029-01-01T00:00:00.000Z",
  });
  const brief = { valid_from: "2026-01-01T00:00:00.000Z", valid_until: "2026-01-01T00:00:00.000Z" };
  for (const [changes, pointer] of [
    [brief, "/valid_until"],
    [{ valid_until: "2001-01-01T00:00:00.000Z" }, "/valid_until"],
    [{ valid_from: "2026-01-01T00:00:00.000Z", valid_until: "2036-01-01T00:00:00.000Z" }, "/valid_until"],
    [{ valid_until: "2999-01-01T00:00:00Z" }, "/valid_until"],
    [{ valid_from: "tomorrow" }, "/valid_from"],
    [{ valid_from: "2026-02-30T00:00:00.000Z" }, "/valid_from"],
  ] as const) {
    const answer = await register(service, registration(makeKey(), "sovereign", changes));
    t.match(
      { ...answer.body, status: answer.status },
      { status: 400, code: "INVALID_REQUEST", errors: [{ pointer }] },
      JSON.stringify(changes),
    );
  }
});

t.test("ESIGN-4 what is no public key of a known kind is refused, and a private one is never taken", async (t) => {
  const service = await startService(t);
  const key = makeKey();
  const point = makeKey("ES256");
  const withJwk = (jwk: unknown, of = key) => register(service, { ...registration(of, "sovereign"), jwk });
  const secret = { ...key.jwk, ...(key.privateKey.export({ format: "jwk" }) as object) };
  const small = (hex: string) => ({ kty: "OKP", crv: "Ed25519", x: Buffer.from(hex, "hex").toString("base64url") });
  const cases: [string, Promise<{ status: number; text: string }>, number][] = [
    ["with its private part", withJwk(secret), 400],
    ["symmetric", withJwk({ kty: "oct", k: "AAAA" }), 400],
    ["RSA", withJwk({ kty: "RSA", n: "AAAA", e: "AQAB" }), 400],
    ["X25519", withJwk({ kty: "OKP", crv: "X25519", x: key.jwk["x"] }), 400],
    ["P-384", withJwk({ kty: "EC", crv: "P-384", x: key.jwk["x"], y: key.jwk["x"] }), 400],
    ["OKP on P-256", withJwk({ kty: "OKP", crv: "P-256", x: key.jwk["x"] }), 400],
    ["Ed25519 with y", withJwk({ ...key.jwk, y: key.jwk["x"] }), 400],
    ["P-256 without y", withJwk({ kty: "EC", crv: "P-256", x: point.jwk["x"] }, point), 400],
    ["short x", withJwk({ ...key.jwk, x: "AAAA" }), 400],
    ["x with padding", withJwk({ ...key.jwk, x: `${String(key.jwk["x"])}=` }), 400],
    ["alg of another kind", withJwk({ ...key.jwk, alg: "ES256" }), 400],
    ["another kid", withJwk({ ...key.jwk, kid: "other" }), 400],
    ["for encryption", withJwk({ ...key.jwk, use: "enc" }), 400],
    ["x5u", withJwk({ ...key.jwk, x5u: "https://evil.example" }), 400],
    ["not an object", withJwk("key"), 400],
    ["the other key of the kind", withJwk(makeKey().jwk), 422],
    ["off the curve", withJwk({ ...point.jwk, y: point.jwk["x"] }, point), 422],
    ["the identity", withJwk(small(`01${"00".repeat(31)}`)), 422],
    ["of order two", withJwk(small(`ec${"ff".repeat(30)}7f`)), 422],
  ];
  for (const [name, pending, status] of cases) {
    const answer = await pending;
    t.equal(answer.status, status, `${name}: ${answer.text}`);
    t.notMatch(answer.text, (secret as { d?: string }).d ?? "no secret", "the private part is not repeated");
  }
  const dump = await service.stage.database.transact((tx) => tx.query("SELECT count(*)::int AS n FROM signing_keys"));
  t.same(dump.rows, [{ n: 0 }]);
  await expectStatus(
    register(service, {
      ...registration(key, "sovereign"),
      jwk: { ...key.jwk, alg: "EdDSA", kid: key.kid, use: "sig", key_ops: ["verify"] },
    }),
    201,
  );
});

t.test("ESIGN-4 the holder of a stolen weak key cannot sign for the sovereign", async (t) => {
  // A proof of a small-order key is easily forged: S = 0 and R the identity verify over many messages.
  const service = await startService(t);
  const identity = { kty: "OKP", crv: "Ed25519", x: Buffer.from(`01${"00".repeat(31)}`, "hex").toString("base64url") };
  const head = Buffer.from(JSON.stringify({ alg: "EdDSA", kid: "weak" })).toString("base64url");
  const content = JSON.stringify({ kid: "weak", principal: "sovereign", purpose: "register-signing-key" });
  const signature = Buffer.from(`01${"00".repeat(63)}`, "hex").toString("base64url");
  const proof = `${head}.${Buffer.from(content).toString("base64url")}.${signature}`;
  const answer = await register(service, { kid: "weak", jwk: identity, proof });
  t.match({ ...answer.body, status: answer.status }, { status: 422, code: "ESIGN_INVALID" });
  t.match(String(answer.body["reason"]), /^(?:unsound_key|mismatch)$/);
});

t.test("OPEN-6 the doctor tells of keys and drafts that nobody can sign with or sign", async (t) => {
  const service = await startService(t);
  const findings = async (code: string) => {
    const { body } = await expectStatus(service.call("GET", "/v1/doctor", { as: "operator" }), 200);
    return (body["findings"] as unknown as { code: string; subject: string }[]).filter((one) => one.code === code);
  };
  t.match(await findings("NO_SIGNING_KEY"), [{ subject: "service" }]);
  const authCode = await mintDraft(service);
  t.match(await findings("DRAFT_UNSIGNABLE"), [{ subject: authCode, severity: "error" }]);
  const soon = new Date(Date.now() + 10 * 86_400_000).toISOString();
  const key = await usableKey(service, { changes: { valid_until: soon } });
  t.same(await findings("NO_SIGNING_KEY"), []);
  t.same(await findings("DRAFT_UNSIGNABLE"), []);
  t.match(await findings("SIGNING_KEY_EXPIRES_SOON"), [{ subject: key.kid }]);

  const waiting = makeKey();
  await expectStatus(register(service, registration(waiting, "sovereign")), 201);
  t.same(await findings("SIGNING_KEY_UNCONFIRMED"), []);
  await letTimePass(service.stage, "signing_keys", waiting.kid, ["registered_at"], 5);
  t.match(await findings("SIGNING_KEY_UNCONFIRMED"), [{ subject: waiting.kid }]);

  await expectStatus(esign(service, authCode, detachedJws(key, await payloadOf(service, authCode))), 200);
  const { database } = service.stage;
  await database.transact((tx) => tx.query("UPDATE principals SET roles = '{auditor}' WHERE principal = 'sovereign'"));
  const orphans = (await findings("SIGNING_KEY_OF_NOBODY")).map((one) => one.subject);
  t.same(orphans.toSorted(), [key.kid, waiting.kid].toSorted());
});

t.test("OPEN-6 the doctor tells of a scope whose database is not configured", async (t) => {
  const service = await startService(t);
  await service.stage.database.transact((tx) =>
    tx.query(`INSERT INTO scopes (carrier, namespace, axis, target, environment, database, allowed_action_sets, lease_name, rehearsal_required, created_by)
              VALUES ('C9', 'n', 'a', 't', 'e', 'elsewhere', '[["x"]]', 'l', false, 'test')`),
  );
  const { body } = await expectStatus(service.call("GET", "/v1/doctor", { as: "auditor" }), 200);
  t.match(
    (body["findings"] as unknown as { code: string }[]).filter((one) => one.code === "SCOPE_DATABASE_UNKNOWN"),
    [{ detail: /elsewhere/ }],
  );
});
