import t, { type Test } from "tap";
import {
  assertionOf,
  type Deviations,
  esignByPasskey,
  makePasskey,
  originOf,
  passkeyRegistration,
  registrationPayload,
  type TestPasskey,
  usablePasskey,
} from "../support/authenticator.ts";
import {
  commitBindings,
  detachedJws,
  enlist,
  esign,
  makeKey,
  mintDraft,
  payloadOf,
  registration,
  usableKey,
} from "../support/commit.ts";
import { consume, expectStatus } from "../support/flow.ts";
import { letTimePass } from "../support/past.ts";
import { type InProcess, startService } from "../support/service.ts";
import { authenticatorData, clientData, refusals, sha256, spellings, zero } from "./passkey-refusals.ts";

t.setTimeout(200_000);

const register = (service: InProcess, body: unknown, token?: string) =>
  service.call("POST", "/v1/signing-keys", { ...(token === undefined ? { as: "sovereign" } : { token }), body });

t.test(
  "ESIGN-4 a passkey is registered by its owner with a proof, confirmed by the council, and revoked",
  async (t) => {
    const service = await startService(t);
    const origin = originOf(service);
    for (const alg of ["ES256", "EdDSA"] as const) {
      const passkey = makePasskey(alg);
      const body = passkeyRegistration(passkey, "sovereign", origin);
      const { authenticator_data, client_data_json, signature } = body.webauthn;
      const made = await expectStatus(register(service, body), 201);
      t.match(made.body, {
        kid: passkey.kid,
        alg,
        jwk: passkey.jwk,
        status: "pending",
        usable: false,
        credential_id: passkey.credentialId,
        proof: null,
      });
      t.same(made.body["webauthn"], { rp_id: "localhost", authenticator_data, client_data_json, signature });
      const confirm = `/v1/signing-keys/${passkey.kid}/confirm`;
      const confirmed = await expectStatus(service.call("POST", confirm, { as: "council_1" }), 200);
      t.match(confirmed.body, { status: "active", usable: true });
      const revoke = { as: "admin", body: { reason: "the telephone was lost" } } as const;
      const path = `/v1/signing-keys/${passkey.kid}`;
      await expectStatus(service.call("POST", `${path}/revoke`, revoke), 200);
      t.match((await service.call("GET", path, { as: "auditor" })).body, {
        status: "revoked",
        webauthn: { rp_id: "localhost" },
      });
    }
    const key = await usableKey(service);
    t.match((await service.call("GET", `/v1/signing-keys/${key.kid}`, { as: "auditor" })).body, {
      credential_id: null,
      webauthn: null,
      proof: /^[^.]+\.[^.]+\.[^.]+$/,
    });
  },
);

t.test("ESIGN-4 a passkey has one name and one owner, and its key signs in no other way", async (t) => {
  const service = await startService(t);
  const origin = originOf(service);
  const passkey = await usablePasskey(service);
  const token = await enlist(service.stage, "second-sovereign", ["sovereign"]);
  const conflict = { status: 409, body: { code: "SIGNING_KEY_CONFLICT" } };
  const renamed: TestPasskey = { ...passkey, kid: "another-name" };
  const again = await register(service, passkeyRegistration(renamed, "sovereign", origin));
  t.match(again, { ...conflict, body: { detail: new RegExp(passkey.kid) } });
  const stolen = passkeyRegistration(renamed, "second-sovereign", origin);
  t.match(await register(service, stolen, token), conflict, "another's key");
  const sameCredential = { ...makePasskey(), credentialId: passkey.credentialId };
  t.match(
    await register(service, passkeyRegistration(sameCredential, "sovereign", origin)),
    { ...conflict, body: { detail: new RegExp(passkey.kid) } },
    "another key under the same credential",
  );
  const asJws = registration({ ...passkey, kid: "as-jws" }, "sovereign");
  t.match(await register(service, asJws), conflict, "the same key as one that signs by JWS");
  const key = await usableKey(service, { key: makeKey("ES256") });
  const { publicKey } = { publicKey: makePasskey("ES256") };
  const asPasskey = { ...publicKey, kid: "as-passkey", privateKey: key.privateKey, jwk: key.jwk };
  const { createPublicKey } = await import("node:crypto");
  const spki = createPublicKey(key.privateKey).export({ format: "der", type: "spki" });
  t.match(
    await register(service, passkeyRegistration({ ...asPasskey, spki }, "sovereign", origin)),
    conflict,
    "and the other way round",
  );
});

/** Whether it is refused as ESIGN_INVALID with that reason, at that place. */
async function refused(
  t: Test,
  answer: Promise<{ status: number; body: object }>,
  what: string,
  reason: string,
  pointer: string,
) {
  const { status, body } = await answer;
  t.match({ ...body, status }, { status: 422, code: "ESIGN_INVALID", reason, errors: [{ pointer }] }, what);
}

t.test("ESIGN-4 every check of the proof refuses what it is for, with a reason of its own", async (t) => {
  const service = await startService(t);
  const origin = originOf(service);
  const passkey = makePasskey();
  const challenge = sha256(registrationPayload(passkey.kid, "sovereign")).toString("base64url");
  for (const { what, reason, pointer, deviations } of refusals(origin, challenge)) {
    const body = passkeyRegistration(passkey, "sovereign", origin, { deviations });
    await refused(t, register(service, body), what, reason, pointer);
  }
  for (const [what, sign] of spellings) {
    const body = passkeyRegistration(passkey, "sovereign", origin, { deviations: { sign } });
    await refused(t, register(service, body), what, "signature_encoding", "/webauthn/signature");
  }
  const changed = (webauthn: Record<string, unknown>, of = passkey) =>
    register(service, passkeyRegistration(of, "sovereign", origin, { webauthn }));
  const key = "/webauthn/public_key";
  await refused(
    t,
    changed({ public_key: makePasskey().spki.toString("base64url") }),
    "another's key",
    "mismatch",
    "/webauthn/signature",
  );
  await refused(t, changed({ alg: "EdDSA" }), "another algorithm", "algorithm", "/webauthn/alg");
  await refused(t, changed({ credential_id: "AB" }), "stray bits", "malformed", "/webauthn/credential_id");
  const off = Buffer.from(passkey.spki);
  off.set(off.subarray(27, 59), 59);
  await refused(
    t,
    changed({ public_key: off.toString("base64url") }),
    "no point of the curve",
    "mismatch",
    "/webauthn/signature",
  );
  const other = { kid: "another", principal: "sovereign" };
  const stolen = assertionOf(passkey, registrationPayload(other.kid, other.principal), origin);
  await refused(t, changed({ ...stolen }), "a proof for another name", "challenge", clientData);
  for (const [what, spki] of [
    [
      "a compressed point",
      Buffer.concat([passkey.spki.subarray(0, 26), Buffer.from([2]), passkey.spki.subarray(27, 59)]),
    ],
    ["a byte behind it", Buffer.concat([passkey.spki, zero])],
    ["no key", Buffer.from("00", "hex")],
  ] as const) {
    const answer = await changed({ public_key: spki.toString("base64url") });
    t.match(
      { ...answer.body, status: answer.status },
      { status: 400, code: "INVALID_REQUEST", errors: [{ pointer: key }] },
      what,
    );
  }
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query("SELECT count(*)::int AS n FROM signing_keys"),
  );
  t.same(rows, [{ n: 0 }], "nothing was kept");
  await expectStatus(register(service, passkeyRegistration(passkey, "sovereign", origin)), 201);
});

t.test("ESIGN-2 every check of a signature refuses what it is for, and nothing is changed", async (t) => {
  const service = await startService(t);
  const origin = originOf(service);
  const passkey = await usablePasskey(service);
  const edwards = await usablePasskey(service, { passkey: makePasskey("EdDSA") });
  const authCode = await mintDraft(service);
  const payload = await payloadOf(service, authCode);
  const sign = (deviations: Deviations = {}, by = passkey) =>
    esignByPasskey(service, authCode, { kid: by.kid, ...assertionOf(by, payload, origin, deviations) });
  for (const { what, reason, pointer, deviations } of refusals(origin, sha256(payload).toString("base64url"))) {
    await refused(t, sign(deviations), what, reason, pointer);
  }
  const at = "/webauthn/signature";
  for (const [what, spell] of spellings) await refused(t, sign({ sign: spell }), what, "signature_encoding", at);
  for (const [what, spell] of [
    ["63 bytes", (raw: Buffer) => raw.subarray(1)],
    ["65 bytes", (raw: Buffer) => Buffer.concat([raw, zero])],
  ] as const) {
    await refused(t, sign({ sign: spell }, edwards), `Ed25519: ${what}`, "signature_encoding", at);
  }
  const forger = { ...makePasskey(), kid: passkey.kid };
  await refused(t, sign({}, forger), "another private key", "mismatch", at);
  await refused(t, sign({}, { ...edwards, kid: passkey.kid }), "a key of another kind", "signature_encoding", at);
  await refused(t, sign({}, { ...passkey, kid: "nobodys" }), "no such key", "unknown_kid", "/webauthn/kid");

  const grant = (await service.call("GET", `/v1/grants/${authCode}`, { as: "auditor" })).body;
  t.match(grant, { status: "draft", signature: null });
  const signed = await expectStatus(
    sign({ members: { topOrigin: origin, other_keys: { can: ["be", "added"] } } }),
    200,
  );
  t.match(signed.body, {
    status: "active",
    signature: { jws: null, kid: passkey.kid, webauthn: { rp_id: "localhost" } },
  });
  await refused(t, sign(), "a second signature", "already_signed", "");
});

t.test("ESIGN-2 a passkey is held to what any key is: in force, one's own, and of a kind", async (t) => {
  const service = await startService(t);
  const origin = originOf(service);
  const passkey = await usablePasskey(service);
  const key = await usableKey(service, { key: makeKey("ES256") });
  const token = await enlist(service.stage, "second-sovereign", ["sovereign"]);
  const others = await usablePasskey(service, { principal: "second-sovereign", who: { token } });
  const pending = makePasskey();
  await expectStatus(register(service, passkeyRegistration(pending, "sovereign", origin)), 201);
  const revoked = await usablePasskey(service);
  const lost = { as: "sovereign", body: { reason: "lost" } } as const;
  await expectStatus(service.call("POST", `/v1/signing-keys/${revoked.kid}/revoke`, lost), 200);
  const expired = await usablePasskey(service);
  await letTimePass(service.stage, "signing_keys", expired.kid);
  const authCode = await mintDraft(service);
  const payload = await payloadOf(service, authCode);
  const sign = (by: TestPasskey) =>
    esignByPasskey(service, authCode, { kid: by.kid, ...assertionOf(by, payload, origin) });
  for (const [by, reason] of [
    [pending, "key_pending"],
    [revoked, "key_revoked"],
    [expired, "key_expired"],
    [others, "not_own_key"],
    [{ ...passkey, kid: key.kid, privateKey: key.privateKey }, "key_kind"],
  ] as const) {
    await refused(t, sign(by), reason, reason, "/webauthn/kid");
  }
  await refused(t, esign(service, authCode, detachedJws(passkey, payload)), "a JWS by a passkey", "key_kind", "/jws");
  await expectStatus(sign(passkey), 200);
  await expectStatus(consume(service, authCode, "root", commitBindings()), 200);
});

t.test("ESIGN-2 bodies that are of neither form, or of both, are refused with the place", async (t) => {
  const service = await startService(t);
  const origin = originOf(service);
  const passkey = await usablePasskey(service);
  const authCode = await mintDraft(service);
  const payload = await payloadOf(service, authCode);
  const whole = { kid: passkey.kid, ...assertionOf(passkey, payload, origin) };
  const { signature: _, ...unsigned } = whole;
  const post = (path: string, body: unknown) => service.call("POST", path, { as: "sovereign", body });
  const esignPath = `/v1/grants/${authCode}/esign`;
  const { webauthn } = passkeyRegistration(makePasskey(), "sovereign", origin);
  const both = registration(makeKey(), "sovereign");
  const cases: readonly [path: string, body: unknown, pointer: string, detail: RegExp][] = [
    [esignPath, {}, "", /must have `jws`, or `webauthn`/],
    [esignPath, { jws: "a..b", webauthn: whole }, "", /more than one form: `webauthn`, `jws`/],
    [esignPath, { jws: 1 }, "/jws", /must be string/],
    [esignPath, { jws: "a..b", more: 1 }, "/more", /not known/],
    [esignPath, { webauthn: 5 }, "/webauthn", /must be object/],
    [esignPath, { webauthn: unsigned }, "/webauthn/signature", /required/],
    [esignPath, { webauthn: { ...whole, user_handle: "x" } }, "/webauthn/user_handle", /not known/],
    [esignPath, { webauthn: { ...whole, signature: "a b" } }, "/webauthn/signature", /pattern/],
    [esignPath, { webauthn: { ...whole, client_data_json: "A".repeat(2_732) } }, clientData, /2731/],
    [esignPath, { webauthn: { ...whole, authenticator_data: "A".repeat(257) } }, authenticatorData, /256/],
    [esignPath, { webauthn: { ...whole, signature: "A".repeat(129) } }, "/webauthn/signature", /128/],
    [esignPath, [], "", /must be object/],
    ["/v1/signing-keys", { kid: "k" }, "", /must have `jwk` and `proof`, or `webauthn`/],
    ["/v1/signing-keys", { ...both, webauthn }, "/webauthn", /not known/],
    ["/v1/signing-keys", { kid: "k", webauthn: { ...webauthn, alg: "RS256" } }, "/webauthn/alg", /one of/],
    ["/v1/signing-keys", { kid: "k", webauthn: { ...webauthn, credential_id: "" } }, "/webauthn/credential_id", /./],
    ["/v1/signing-keys", { kid: "k", webauthn, proof: "a.b.c" }, "", /more than one form/],
  ];
  for (const [path, body, pointer, detail] of cases) {
    const answer = await post(path, body);
    const what = JSON.stringify(body).slice(0, 60);
    t.match({ ...answer.body, status: answer.status }, { status: 400, code: "INVALID_REQUEST" }, what);
    t.match(answer.body["errors"], [{ pointer, detail }], what);
  }
  t.match(await post(esignPath, { webauthn: { ...whole, signature: `${whole.signature}=` } }), { status: 400 });
});
