import { randomInt } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { relyingPartyOf } from "../../src/config-webauthn.ts";
import {
  type AssertionBody,
  assertionOf,
  esignByPasskey,
  makePasskey,
  originOf,
  passkeyRegistration,
  usablePasskey,
} from "../support/authenticator.ts";
import { commitBindings, detachedJws, esign, mintDraft, payloadOf, usableKey } from "../support/commit.ts";
import { consume, expectStatus } from "../support/flow.ts";
import { type InProcess, startService } from "../support/service.ts";

t.setTimeout(200_000);

/** Replayed with `node <this file> --seed=<the seed that was printed>`. */
const given = process.argv.find((argument) => argument.startsWith("--seed="))?.slice("--seed=".length);
const seed = given === undefined ? randomInt(2 ** 31) : Number(given);
t.comment(`seed ${seed}`);

const revokeGrant = (service: InProcess, code: string) =>
  expectStatus(service.call("POST", `/v1/grants/${code}/revoke`, { as: "operator", body: { reason: "next" } }), 200);

/** What must be as it was after any number of refusals. */
async function everything(service: InProcess): Promise<unknown> {
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query(`SELECT (SELECT json_agg(g ORDER BY auth_code) FROM governance_build_authorization g) AS grants,
                     (SELECT count(*) FROM grant_signatures) AS signatures, (SELECT count(*) FROM audit_events) AS events`),
  );
  return rows;
}

const parts = ["authenticator_data", "client_data_json", "signature"] as const;

t.test("ESIGN-2 every byte of an assertion, flipped in turn and at random, is refused", async (t) => {
  const service = await startService(t);
  for (const alg of ["ES256", "EdDSA"] as const) {
    const passkey = await usablePasskey(service, { passkey: makePasskey(alg) });
    const authCode = await mintDraft(service);
    const valid = assertionOf(passkey, await payloadOf(service, authCode), originOf(service));
    const before = await everything(service);
    const answerTo = async (change: Partial<AssertionBody>) => {
      const { status, body } = await esignByPasskey(service, authCode, { kid: passkey.kid, ...valid, ...change });
      return status === 422 && String(body["code"]) === "ESIGN_INVALID" ? undefined : JSON.stringify({ change, body });
    };
    const wrong: (string | undefined)[] = [];
    for (const part of parts) {
      const whole = Buffer.from(valid[part], "base64url");
      for (let at = 0; at < whole.length; at += 1) {
        const flipped = Buffer.from(whole);
        flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (at % 8)), at);
        wrong.push(await answerTo({ [part]: flipped.toString("base64url") }));
      }
    }
    const damage = fc.record({
      part: fc.constantFrom(...parts),
      at: fc.nat(),
      by: fc.integer({ min: 1, max: 255 }),
      how: fc.constantFrom("change", "cut", "add", "remove"),
    });
    const refused = fc.asyncProperty(damage, async ({ part, at, by, how }) => {
      const whole = Buffer.from(valid[part], "base64url");
      const place = at % whole.length;
      const [head, tail] = [whole.subarray(0, place), whole.subarray(place)];
      const damaged = {
        change: () => Buffer.concat([head, Buffer.from([whole.readUInt8(place) ^ by]), tail.subarray(1)]),
        cut: () => whole.subarray(0, Math.max(1, place)),
        add: () => Buffer.concat([head, Buffer.from([by]), tail]),
        remove: () => Buffer.concat([head, tail.subarray(1)]),
      }[how]();
      if (damaged.equals(whole)) return;
      const strange = await answerTo({ [part]: damaged.toString("base64url") });
      if (strange !== undefined) throw new Error(strange);
    });
    await t.resolves(fc.assert(refused, { numRuns: 300, seed }), `${alg}: 300 times`);
    t.same(
      wrong.filter((one) => one !== undefined),
      [],
      `${alg}: each of ${wrong.length} bytes`,
    );
    t.same(await everything(service), before, "nothing was changed");
    await expectStatus(esignByPasskey(service, authCode, { kid: passkey.kid, ...valid }), 200);
    await revokeGrant(service, authCode);
  }
});

t.test("ESIGN-2 of many signatures at once on one draft, by passkey and by JWS, exactly one counts", async (t) => {
  const service = await startService(t);
  const passkey = await usablePasskey(service);
  const key = await usableKey(service);
  const authCode = await mintDraft(service);
  const payload = await payloadOf(service, authCode);
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, n) => {
      if (n % 3 === 2) return esign(service, authCode, detachedJws(key, payload));
      return esignByPasskey(service, authCode, {
        kid: passkey.kid,
        ...assertionOf(passkey, payload, originOf(service)),
      });
    }),
  );
  t.equal(answers.filter(({ status }) => status === 200).length, 1);
  t.equal(answers.filter(({ body }) => String(body["reason"]) === "already_signed").length, 29);
});

t.test("ESIGN-4 a signature and the revocation of its passkey come in one order or the other", async (t) => {
  const service = await startService(t);
  const outcomes = new Set<string>();
  for (let round = 0; round < 12; round += 1) {
    const passkey = await usablePasskey(service);
    const authCode = await mintDraft(service);
    const assertion = assertionOf(passkey, await payloadOf(service, authCode), originOf(service));
    const revoke = () =>
      service.call("POST", `/v1/signing-keys/${passkey.kid}/revoke`, { as: "admin", body: { reason: "lost" } });
    const sign = () => esignByPasskey(service, authCode, { kid: passkey.kid, ...assertion });
    const [signed, revoked] =
      round % 2 === 0
        ? await Promise.all([sign(), revoke()])
        : await Promise.all([revoke(), sign()]).then(([one, other]) => [other, one] as const);
    t.equal(revoked.status, 200);
    const { body: grant } = await service.call("GET", `/v1/grants/${authCode}`, { as: "auditor" });
    if (signed.status === 200) {
      t.match(grant, { status: "active" });
      const used = await consume(service, authCode, `root-${round}`, commitBindings());
      t.match(used.body, { code: "REJECT_SIGNATURE_KEY_REVOKED" }, "signed before, and of no use after");
    } else {
      t.match(signed.body, { code: "ESIGN_INVALID", reason: "key_revoked" });
      t.match(grant, { status: "draft", signature: null });
    }
    outcomes.add(String(signed.status));
    await revokeGrant(service, authCode);
  }
  t.comment(`outcomes: ${[...outcomes].join(", ")}`);
});

t.test("ESIGN-4 of many registrations of one credential at once exactly one is kept", async (t) => {
  const service = await startService(t);
  const first = makePasskey();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => {
      const passkey =
        n % 2 === 0 ? { ...first, kid: `same-${n}` } : { ...makePasskey(), credentialId: first.credentialId };
      const body = passkeyRegistration(passkey, "sovereign", originOf(service));
      return service.call("POST", "/v1/signing-keys", { as: "sovereign", body });
    }),
  );
  t.equal(answers.filter(({ status }) => status === 201).length, 1);
  t.equal(answers.filter(({ body }) => String(body["code"]) === "SIGNING_KEY_CONFLICT").length, 19);
});

t.test("ESIGN-2 passkeys sign at the origins that are configured, and are bound to their host", async (t) => {
  const webauthnOrigins = ["https://approvals.example:8443", "https://approvals.example"];
  const service = await startService(t, { config: { webauthnOrigins } });
  const passkey = makePasskey();
  const [first = "", second = ""] = webauthnOrigins;
  const post = (origin: string) => {
    const body = passkeyRegistration(passkey, "sovereign", origin);
    return service.call("POST", "/v1/signing-keys", { as: "sovereign", body });
  };
  t.match((await post(originOf(service))).body, { reason: "origin", detail: /approvals\.example/ });
  t.match((await post("https://evil.approvals.example")).body, { reason: "origin" });
  const made = await expectStatus(post(first), 201);
  t.match(made.body, { webauthn: { rp_id: "approvals.example" } });
  await expectStatus(service.call("POST", `/v1/signing-keys/${passkey.kid}/confirm`, { as: "council_1" }), 200);
  const authCode = await mintDraft(service);
  const payload = await payloadOf(service, authCode);
  const sign = (members: object) => {
    const assertion = assertionOf(passkey, payload, second, { members: { ...members } });
    return esignByPasskey(service, authCode, { kid: passkey.kid, ...assertion });
  };
  t.match((await sign({ topOrigin: originOf(service) })).body, { reason: "top_origin" });
  await expectStatus(sign({ topOrigin: first }), 200);

  // Under another name the passkey is still bound to the first, and no page of the second can use it.
  const moved = await startService(t, { stage: service.stage, config: { webauthnOrigins: ["https://moved.example"] } });
  await revokeGrant(moved, authCode);
  const next = await mintDraft(moved);
  const there = assertionOf(passkey, await payloadOf(moved, next), "https://moved.example");
  t.match((await esignByPasskey(moved, next, { kid: passkey.kid, ...there })).body, { reason: "rp_id_hash" });
  const forged = assertionOf(passkey, await payloadOf(moved, next), "https://moved.example", {
    rpId: "approvals.example",
  });
  t.match(
    (await esignByPasskey(moved, next, { kid: passkey.kid, ...forged })).body,
    { reason: "mismatch" },
    "by the database",
  );
});

t.test("ESIGN-2 without configuration passkeys sign where people go, or on the machine itself by name", (t) => {
  const of = (publicUrl: string | undefined, port = 8080, webauthnOrigins?: readonly string[]) =>
    relyingPartyOf({ webauthnOrigins, publicUrl }, port);
  const own = { rpId: "localhost", origins: ["http://localhost:8080"] };
  t.same(of(undefined), own);
  t.same(of(undefined, 80), { rpId: "localhost", origins: ["http://localhost"] }, "as a browser spells it");
  t.same(of("https://a.example/countersign"), { rpId: "a.example", origins: ["https://a.example"] });
  t.same(of("https://a.example:8443/"), { rpId: "a.example", origins: ["https://a.example:8443"] });
  t.same(of("http://localhost:3000"), { rpId: "localhost", origins: ["http://localhost:3000"] });
  t.same(of("https://192.0.2.1"), own, "an address is no relying party");
  t.same(of("https://[2001:db8::1]"), own);
  t.same(of("http://a.example"), own, "without https no browser has passkeys");
  t.same(of("https://a.example", 8080, ["https://b.example"]), { rpId: "b.example", origins: ["https://b.example"] });
  t.end();
});
