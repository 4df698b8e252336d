import pg from "pg";
import t, { type Test } from "tap";
import {
  type AssertionBody,
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
import { detachedJws, makeKey, mintDraft, payloadOf, registration, usableKey } from "../support/commit.ts";
import { expectStatus } from "../support/flow.ts";
import { guardedPlan } from "../support/guarded-plan.ts";
import { approve, register } from "../support/plans.ts";
import { type InProcess, startService } from "../support/service.ts";
import { forgeries, sha256 } from "./passkey-forgeries.ts";

t.setTimeout(200_000);

const grants = "governance_build_authorization";
const bytes = (encoded: string): Buffer => Buffer.from(encoded, "base64url");

async function connect(t: Test, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.teardown(() => client.end());
  return client;
}

/** What refuses the statements, run in one transaction that is never kept: the constraint, or the SQLSTATE. */
async function refusedBy(client: pg.Client, ...statements: [string, unknown[]?][]): Promise<string | undefined> {
  await client.query("BEGIN");
  try {
    for (const [sql, values = []] of statements) await client.query(sql, values);
    await client.query("SET CONSTRAINTS ALL IMMEDIATE");
    return undefined;
  } catch (error) {
    return error instanceof pg.DatabaseError ? (error.constraint ?? error.code) : "not the database";
  } finally {
    await client.query("ROLLBACK");
  }
}

/** The columns of an assertion. */
const columnsOf = ({ authenticator_data, client_data_json, signature }: AssertionBody): Buffer[] =>
  [authenticator_data, client_data_json, signature].map(bytes);

const referenceOf = ({ authenticator_data, client_data_json, signature }: AssertionBody): string =>
  `sha256:${sha256(JSON.stringify({ authenticator_data, client_data_json, signature })).toString("hex")}`;

const storeSignature = `
  INSERT INTO grant_signatures (auth_code, esign_ref, signer, kid, alg, jwk, key_valid_from, key_valid_until, confirmed_by, confirmed_at,
                                payload, jws, authenticator_data, client_data_json, assertion_signature, signed_at)
  SELECT $1, $2, principal, kid, alg, coalesce($9::jsonb, jwk), valid_from, valid_until, confirmed_by, confirmed_at, $3, $4, $5, $6, $7, clock_timestamp()
    FROM signing_keys WHERE kid = $8`;
const activate = `UPDATE ${grants} SET status = 'active', sovereign_esign_ref = $2 WHERE auth_code = $1`;

interface Stored {
  readonly jws?: string | null;
  readonly kid?: string;
  readonly jwk?: object;
  readonly payload?: string;
  readonly reference?: string;
  readonly columns?: readonly (Buffer | null)[];
}

t.test("ESIGN-2 SQL as the app role activates no draft without a real assertion by a passkey", async (t) => {
  const service = await startService(t);
  const origin = originOf(service);
  const app = await connect(t, service.stage.names.appUrl);
  const passkey = await usablePasskey(service);
  const edwards = await usablePasskey(service, { passkey: makePasskey("EdDSA") });
  const key = await usableKey(service, { key: makeKey("ES256") });
  const authCode = await mintDraft(service);
  const payload = await payloadOf(service, authCode);
  const attempt = (assertion: AssertionBody, stored: Stored = {}) => {
    const reference = stored.reference ?? referenceOf(assertion);
    const columns = stored.columns ?? columnsOf(assertion);
    const jwk = stored.jwk === undefined ? null : JSON.stringify(stored.jwk);
    const values = [
      authCode,
      reference,
      stored.payload ?? payload,
      stored.jws ?? null,
      ...columns,
      stored.kid ?? passkey.kid,
      jwk,
    ];
    return refusedBy(app, [storeSignature, values], [activate, [authCode, reference]]);
  };
  const by = (deviations: Deviations = {}, of: TestPasskey = passkey) => assertionOf(of, payload, origin, deviations);
  const real = by();
  for (const [what, deviations] of forgeries(origin, payload)) {
    t.equal(await attempt(by(deviations)), "signature_valid", what);
  }
  const stranger = makePasskey();
  const jws = detachedJws({ ...passkey, kid: passkey.kid }, payload);
  const jwsOfKey = detachedJws(key, payload);
  const cases: readonly [what: string, constraint: string, assertion: AssertionBody, stored: Stored][] = [
    ["by another private key", "signature_valid", by({}, stranger), {}],
    ["by another key that it brings along", "signature_record", by({}, stranger), { jwk: stranger.jwk }],
    ["another payload", "signature_record", real, { payload: `${payload} ` }],
    ["a JWS by the passkey", "signature_valid", real, { jws, columns: [null, null, null] }],
    ["a JWS beside it", "signature_valid", real, { jws }],
    ["nothing at all", "signature_valid", real, { columns: [null, null, null] }],
    ["a part of it", "signature_valid", real, { columns: [...columnsOf(real).slice(0, 2), null] }],
    [
      "by a key that signs by JWS",
      "signature_valid",
      by({}, { ...passkey, privateKey: key.privateKey }),
      { kid: key.kid },
    ],
    ["beside a JWS that holds", "signature_valid", real, { kid: key.kid, jws: jwsOfKey }],
    ["by the other passkey", "signature_valid", real, { kid: edwards.kid }],
    ["a reference to something else", "esign_ref_of_assertion", real, { reference: `sha256:${"0".repeat(64)}` }],
  ];
  for (const [what, constraint, assertion, stored] of cases)
    t.equal(await attempt(assertion, stored), constraint, what);
  t.equal(await attempt(real), undefined, "the real one");
  t.equal(await attempt(by({}, edwards), { kid: edwards.kid }), undefined, "by Ed25519");
  const more = {
    origin: "https://localhost",
    members: { crossOrigin: undefined, topOrigin: origin, other: { a: [1] } },
    counter: 7,
  };
  t.equal(await attempt(by(more)), undefined, "what an authenticator may say");
  await expectStatus(esignByPasskey(service, authCode, { kid: passkey.kid, ...real }), 200);
  t.equal(await attempt(real), "signature_of_draft", "a second signature");
  for (const column of ["authenticator_data", "client_data_json", "assertion_signature"]) {
    t.equal(await refusedBy(app, [`UPDATE grant_signatures SET ${column} = NULL`]), "42501", column);
  }
});

t.test("ESIGN-4 SQL as the app role makes no passkey without its proof, and changes none", async (t) => {
  const service = await startService(t);
  const origin = originOf(service);
  const app = await connect(t, service.stage.names.appUrl);
  const passkey = makePasskey();
  const said = registrationPayload(passkey.kid, "sovereign");
  const usual = (proof: AssertionBody): Record<string, unknown> => ({
    kid: passkey.kid,
    principal: "sovereign",
    alg: "ES256",
    jwk: JSON.stringify(passkey.jwk),
    proof: null,
    credential_id: passkey.credentialId,
    rp_id: "localhost",
    proof_authenticator_data: bytes(proof.authenticator_data),
    proof_client_data_json: bytes(proof.client_data_json),
    proof_signature: bytes(proof.signature),
  });
  const real = assertionOf(passkey, said, origin);
  const insert = (changes: Record<string, unknown> = {}, proof = real) => {
    const row = { ...usual(proof), ...changes };
    const names = Object.keys(row);
    const sql = `INSERT INTO signing_keys (${names.join(", ")}, valid_from, valid_until)
                 VALUES (${names.map((_, at) => `$${at + 1}`).join(", ")}, now(), now() + interval '1 day')`;
    return refusedBy(app, [sql, Object.values(row)]);
  };
  t.equal(await insert(), undefined, "the real one");
  for (const [what, deviations] of forgeries(origin, said)) {
    t.equal(await insert({}, assertionOf(passkey, said, origin, deviations)), "key_proof", what);
  }
  const { proof: jws } = registration(passkey, "sovereign");
  const none = { proof_authenticator_data: null, proof_client_data_json: null, proof_signature: null };
  const cases: [string, string, Record<string, unknown>][] = [
    ["another name", "key_proof", { kid: "other" }],
    ["another's key", "key_proof", { jwk: JSON.stringify(makePasskey().jwk) }],
    ["another algorithm", "key_sound", { alg: "EdDSA" }],
    ["of nobody who may", "key_of_sovereign", { principal: "admin" }],
    ["another relying party", "key_proof", { rp_id: "evil.example" }],
    ["no relying party", "key_proof", { rp_id: null }],
    ["a JWS as well", "key_proof", { proof: jws }],
    ["a JWS in its place", "key_proof", { ...none, proof: jws }],
    ["no proof", "key_proof", none],
    ["a proof without a credential", "key_proof", { credential_id: null }],
    ["a JWS, and an assertion without a credential", "key_of_one_kind", { credential_id: null, proof: jws }],
    ["a JWS, and a relying party", "key_of_one_kind", { ...none, credential_id: null, proof: jws }],
    ["a credential in another spelling", "credential_form", { credential_id: "AB" }],
    ["a credential of nothing", "credential_form", { credential_id: "" }],
    ["a credential too long", "credential_form", { credential_id: "A".repeat(1_366) }],
  ];
  for (const [what, constraint, changes] of cases) t.equal(await insert(changes), constraint, what);
  t.equal(
    await insert({ ...none, credential_id: null, rp_id: null, proof: jws }),
    undefined,
    "as a key that signs by JWS",
  );
  const address = assertionOf(passkey, said, "https://127.0.0.1");
  t.equal(await insert({ rp_id: "127.0.0.1" }, address), "rp_id_form", "an address");

  await usablePasskey(service, { passkey });
  for (const [column, value] of Object.entries({
    credential_id: "AAAA",
    rp_id: "evil.example",
    proof_signature: Buffer.alloc(1),
    proof: jws,
  })) {
    t.equal(
      await refusedBy(app, [`UPDATE signing_keys SET ${column} = $1`, [value]]),
      "42501",
      `${column} by the app role`,
    );
  }
  const owner = await connect(t, service.stage.names.superUrl);
  for (const [column, value] of Object.entries({
    credential_id: "AAAA",
    rp_id: "evil.example",
    proof_signature: Buffer.alloc(1),
  })) {
    t.equal(await refusedBy(owner, [`UPDATE signing_keys SET ${column} = $1`, [value]]), "key_immutable", column);
  }
  const again = makePasskey();
  const twice = passkeyRegistration({ ...again, credentialId: passkey.credentialId }, "sovereign", origin);
  const [data, client, signature] = columnsOf(twice.webauthn);
  const other = {
    kid: again.kid,
    jwk: JSON.stringify(again.jwk),
    proof_authenticator_data: data,
    proof_client_data_json: client,
  };
  t.equal(await insert({ ...other, proof_signature: signature }), "one_name_per_credential");
});

t.test("PLAN-9 SQL as the app role activates no signed record without a real assertion", async (t) => {
  const service: InProcess = await startService(t);
  const origin = originOf(service);
  const app = await connect(t, service.stage.names.appUrl);
  const passkey = await usablePasskey(service);
  const plan = await register(service, guardedPlan());
  const code = await approve(service, plan, 3);
  const path = `/v1/proposal-approvals/${code}/signing-payload`;
  const { text: payload } = await expectStatus(service.call("GET", path, { as: "sovereign" }), 200);
  const sql = `INSERT INTO proposal_signatures (approval_code, signer, kid, alg, jwk, payload, jws, authenticator_data, client_data_json, assertion_signature)
               SELECT $1, principal, kid, alg, jwk, $2, $3, $4, $5, $6 FROM signing_keys WHERE kid = $7`;
  const attempt = (assertion: AssertionBody, jws: string | null = null) =>
    refusedBy(app, [sql, [code, payload, jws, ...columnsOf(assertion), passkey.kid]]);
  const by = (deviations: Deviations = {}) => assertionOf(passkey, payload, origin, deviations);
  for (const [what, deviations] of forgeries(origin, payload)) {
    t.equal(await attempt(by(deviations)), "signature_valid", what);
  }
  t.equal(await attempt(by(), detachedJws(passkey, payload)), "signature_valid", "a JWS beside it");
  t.equal(
    await refusedBy(app, [sql, [code, payload, detachedJws(passkey, payload), null, null, null, passkey.kid]]),
    "signature_valid",
  );
  t.equal(await attempt(by()), undefined);
});
