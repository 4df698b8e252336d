import { createHmac, createPublicKey, randomBytes } from "node:crypto";
import t from "tap";
import {
  compactJws,
  detachedJws,
  enlist,
  esign,
  makeKey,
  mintActive,
  mintDraft,
  payloadOf,
  registration,
  sovereignRequest,
  type TestKey,
  usableKey,
} from "../../support/commit.ts";
import { consume, expectStatus, mintGrant } from "../../support/flow.ts";
import { letTimePass } from "../../support/past.ts";
import { type InProcess, startService } from "../../support/service.ts";

t.setTimeout(120_000);

async function revokeGrant(service: InProcess, authCode: string): Promise<void> {
  const body = { reason: "not wanted" };
  await expectStatus(service.call("POST", `/v1/grants/${authCode}/revoke`, { as: "operator", body }), 200);
}

/** What must be as it was after any number of refusals. */
async function everything(service: InProcess): Promise<unknown> {
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query(`SELECT (SELECT json_agg(g ORDER BY auth_code) FROM governance_build_authorization g) AS grants,
                     (SELECT count(*) FROM grant_signatures) AS signatures, (SELECT count(*) FROM audit_events) AS events`),
  );
  return rows;
}

t.test("ESIGN-2 every byte of the payload and every character of the JWS, flipped in turn, is refused", async (t) => {
  const service = await startService(t);
  for (const alg of ["EdDSA", "ES256"] as const) {
    const key = await usableKey(service, { key: makeKey(alg) });
    const authCode = await mintDraft(service);
    const payload = Buffer.from(await payloadOf(service, authCode));
    const valid = detachedJws(key, payload);
    const before = await everything(service);
    const strange: string[] = [];
    const refused = async (jws: string, what: string): Promise<void> => {
      const answer = await esign(service, authCode, jws);
      if (answer.status !== 422 || String(answer.body["code"]) !== "ESIGN_INVALID")
        strange.push(`${what}: ${answer.text}`);
    };
    for (let at = 0; at < payload.length; at += 1) {
      const flipped = Buffer.from(payload);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      await refused(detachedJws(key, flipped), `payload byte ${at}`);
    }
    for (let at = 0; at < valid.length; at += 1) {
      for (const bit of [at % 7, (at + 3) % 7]) {
        const char = String.fromCharCode(valid.charCodeAt(at) ^ (1 << bit));
        await refused(valid.slice(0, at) + char + valid.slice(at + 1), `JWS character ${at}, bit ${bit}`);
      }
      await refused(valid.slice(0, at), `JWS cut at ${at}`).catch(() => undefined);
    }
    t.same(
      strange.filter((line) => !line.includes("INVALID_REQUEST")),
      [],
      alg,
    );
    t.same(
      strange.map((line) => line.slice(0, 10)),
      ["JWS cut at"],
      "only the empty JWS is refused by its shape already",
    );
    t.same(await everything(service), before, "nothing was changed");
    await expectStatus(esign(service, authCode, valid), 200);
    await revokeGrant(service, authCode);
  }
});

/** A JWS whose header says what it likes; signed all the same. */
const headed = (key: TestKey, payload: string, header: unknown) => detachedJws(key, payload, header);

t.test("ESIGN-2 each kind of wrong signature has an answer of its own, and changes nothing", async (t) => {
  const service = await startService(t);
  const key = await usableKey(service);
  const pointKey = await usableKey(service, { key: makeKey("ES256") });
  const authCode = await mintDraft(service);
  const payload = await payloadOf(service, authCode);
  const valid = detachedJws(key, payload);
  const [head = "", , signature = ""] = valid.split(".");
  const { kid } = key;
  const attacker = makeKey("EdDSA", kid);
  const publicBytes = createPublicKey(key.privateKey).export({ format: "der", type: "spki" });
  const hmac = (() => {
    const hs = Buffer.from(JSON.stringify({ alg: "HS256", kid })).toString("base64url");
    const input = `${hs}.${Buffer.from(payload).toString("base64url")}`;
    return `${hs}..${createHmac("sha256", publicBytes).update(input).digest("base64url")}`;
  })();
  const none = `${Buffer.from(JSON.stringify({ alg: "none", kid })).toString("base64url")}..${signature}`;

  const pending = makeKey();
  await expectStatus(
    service.call("POST", "/v1/signing-keys", { as: "sovereign", body: registration(pending, "sovereign") }),
    201,
  );
  const revoked = await usableKey(service);
  await expectStatus(
    service.call("POST", `/v1/signing-keys/${revoked.kid}/revoke`, { as: "sovereign", body: { reason: "lost" } }),
    200,
  );
  const future = await usableKey(service, { changes: { valid_from: "2999-01-01T00:00:00.000Z" } });
  const expired = await usableKey(service);
  await letTimePass(service.stage, "signing_keys", expired.kid);
  const token = await enlist(service.stage, "second-sovereign", ["sovereign"]);
  const others = await usableKey(service, { principal: "second-sovereign", who: { token } });

  const cases: readonly [string, string, RegExp, string][] = [
    ["not a JWS", "x", /compact JWS/, "malformed"],
    ["two parts", `${head}.${signature}`, /compact JWS/, "malformed"],
    ["four parts", `${head}..${signature}.`, /compact JWS/, "malformed"],
    ["attached", compactJws(key, payload), /detached/, "malformed"],
    ["padding", `${head}..${signature}==`, /base64url/, "malformed"],
    ["standard base64", `${head}..${signature.slice(0, -2)}+/`, /base64url/, "malformed"],
    ["blanks", ` ${valid}`, /base64url/, "malformed"],
    ["header no JSON", `${Buffer.from("{alg").toString("base64url")}..${signature}`, /not a JSON object/, "header"],
    ["header a list", headed(key, payload, ["EdDSA", kid]), /not a JSON object/, "header"],
    ["no kid", headed(key, payload, { alg: "EdDSA" }), /exactly alg and kid/, "header"],
    ["kid a number", headed(key, payload, { alg: "EdDSA", kid: 1 }), /exactly alg and kid/, "header"],
    ["jwk", headed(attacker, payload, { alg: "EdDSA", kid, jwk: attacker.jwk }), /exactly alg and kid/, "header"],
    ["jku", headed(attacker, payload, { alg: "EdDSA", kid, jku: "https://evil.example/k" }), /exactly/, "header"],
    ["x5u", headed(attacker, payload, { alg: "EdDSA", kid, x5u: "https://evil.example/c" }), /exactly/, "header"],
    ["x5c", headed(attacker, payload, { alg: "EdDSA", kid, x5c: ["AA"] }), /exactly/, "header"],
    ["typ", headed(key, payload, { alg: "EdDSA", kid, typ: "JOSE" }), /exactly/, "header"],
    ["crit", headed(key, payload, { alg: "EdDSA", kid, crit: ["exp"], exp: 1 }), /exactly/, "header"],
    ["b64 false", headed(key, payload, { alg: "EdDSA", kid, b64: false, crit: ["b64"] }), /exactly/, "header"],
    ["alg none", none, /EdDSA or ES256/, "algorithm"],
    ["alg None", headed(key, payload, { alg: "None", kid }), /EdDSA or ES256/, "algorithm"],
    ["HS256 with the public key", hmac, /EdDSA or ES256/, "algorithm"],
    ["alg Ed25519", headed(key, payload, { alg: "Ed25519", kid }), /EdDSA or ES256/, "algorithm"],
    ["alg of the other kind", headed(key, payload, { alg: "ES256", kid }), /is for EdDSA/, "algorithm"],
    [
      "key of the other kind",
      headed(pointKey, payload, { alg: "EdDSA", kid: pointKey.kid }),
      /is for ES256/,
      "algorithm",
    ],
    ["unknown kid", headed(makeKey("EdDSA", "nobodys"), payload, undefined), /no signing key nobodys/, "unknown_kid"],
    ["another's private key", detachedJws(attacker, payload), /not by the key/, "mismatch"],
    ["random signature", `${head}..${randomBytes(64).toString("base64url")}`, /not by the key/, "mismatch"],
    ["all zero", `${head}..${Buffer.alloc(64).toString("base64url")}`, /not by the key/, "mismatch"],
    ["short signature", `${head}..${Buffer.alloc(63).toString("base64url")}`, /not by the key/, "mismatch"],
    ["unconfirmed key", detachedJws(pending, payload), /not confirmed/, "key_pending"],
    ["revoked key", detachedJws(revoked, payload), /was revoked at/, "key_revoked"],
    ["expired key", detachedJws(expired, payload), /expired at/, "key_expired"],
    ["key of the future", detachedJws(future, payload), /is valid from/, "key_not_yet_valid"],
    ["another sovereign's", detachedJws(others, payload), /second-sovereign/, "not_own_key"],
  ];
  const before = await everything(service);
  for (const [name, jws, detail, reason] of cases) {
    const answer = await esign(service, authCode, jws);
    t.match({ ...answer.body, status: answer.status }, { status: 422, code: "ESIGN_INVALID", reason, detail }, name);
    t.match(answer.body["errors"], [{ pointer: "/jws" }], name);
  }
  for (const body of [
    {},
    { jws: 1 },
    { jws: "" },
    { jws: null },
    { jws: valid, more: 1 },
    { jws: "a".repeat(5000) },
    [],
  ]) {
    const answer = await service.call("POST", `/v1/grants/${authCode}/esign`, { as: "sovereign", body });
    t.match(
      { ...answer.body, status: answer.status },
      { status: 400, code: "INVALID_REQUEST" },
      JSON.stringify(body).slice(0, 40),
    );
  }
  t.same(await everything(service), before, "nothing was changed");
  await expectStatus(esign(service, authCode, valid), 200);
});

t.test("ESIGN-2 a signature is for one draft, once, and not for a dead one", async (t) => {
  const service = await startService(t);
  const key = await usableKey(service);
  const first = await mintDraft(service);
  const firstPayload = await payloadOf(service, first);
  await revokeGrant(service, first);
  t.match(await esign(service, first, detachedJws(key, firstPayload)), {
    status: 409,
    body: { code: "REJECT_AUTH_REVOKED" },
  });

  const second = await mintDraft(service, sovereignRequest());
  t.match(
    await esign(service, second, detachedJws(key, firstPayload)),
    { status: 422, body: { code: "ESIGN_INVALID", reason: "mismatch" } },
    "a signature for another grant",
  );
  const payload = await payloadOf(service, second);
  await letTimePass(service.stage, "governance_build_authorization", second);
  t.match(await esign(service, second, detachedJws(key, payload)), {
    status: 409,
    body: { code: "REJECT_AUTH_EXPIRED" },
  });
  const late = await service.call("GET", `/v1/grants/${second}/signing-payload`, { as: "sovereign" });
  t.match(
    { ...late.body, status: late.status },
    { status: 409, code: "REJECT_AUTH_EXPIRED" },
    "nothing to sign any more",
  );

  const { authCode } = await mintActive(service, sovereignRequest(), key);
  const again = detachedJws(key, await payloadOf(service, authCode));
  const twice = await esign(service, authCode, again);
  t.match(twice, { status: 422, body: { code: "ESIGN_INVALID", reason: "already_signed", detail: /already/ } });
  await expectStatus(consume(service, authCode, "root", { mode: "commit", environment: "staging" }), 200);
  t.match(await esign(service, authCode, again), {
    status: 422,
    body: { reason: "already_signed", detail: /consumed/ },
  });

  const dry = await mintGrant(service);
  t.match(await esign(service, dry, again), { status: 422, body: { reason: "not_commit_mode" } });
  const path = `/v1/grants/${dry}/signing-payload`;
  t.match(await service.call("GET", path, { as: "sovereign" }), { status: 422, body: { reason: "not_commit_mode" } });
  t.match(await esign(service, "GBA-C1-NONE", again), { status: 404, body: { code: "NOT_FOUND" } });
});

t.test("ESIGN-2 of many signatures at once on one draft exactly one counts", async (t) => {
  const service = await startService(t);
  const key = await usableKey(service);
  const authCode = await mintDraft(service);
  const jws = detachedJws(key, await payloadOf(service, authCode));
  const answers = await Promise.all(Array.from({ length: 30 }, () => esign(service, authCode, jws)));
  t.equal(answers.filter((one) => one.status === 200).length, 1);
  t.same([...new Set(answers.map((one) => String(one.body["reason"])))].toSorted(), ["already_signed", "undefined"]);
});
