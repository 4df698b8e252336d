import { createHash } from "node:crypto";
import pg from "pg";
import t, { type Test } from "tap";
import {
  approveSovereign,
  commitBindings,
  detachedJws,
  esign,
  makeKey,
  mintActive,
  mintDraft,
  payloadOf,
  registration,
  sovereignRequest,
  usableKey,
} from "../support/commit.ts";
import { consume, expectStatus } from "../support/flow.ts";
import { startService } from "../support/service.ts";

const grants = "governance_build_authorization";
const digest = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

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

const storeSignature = `
  INSERT INTO grant_signatures (auth_code, esign_ref, signer, kid, alg, jwk, key_valid_from, key_valid_until, confirmed_by, confirmed_at, payload, jws, signed_at)
  SELECT $1, $2, coalesce($3, principal), kid, alg, coalesce($4::jsonb, jwk), valid_from, valid_until, confirmed_by, confirmed_at, $5, $6, clock_timestamp()
    FROM signing_keys WHERE kid = $7`;
const activate = `UPDATE ${grants} SET status = 'active', sovereign_esign_ref = $2 WHERE auth_code = $1`;

t.test("ESIGN-2 SQL as the app role activates no draft without a real signature by a key in force", async (t) => {
  const service = await startService(t);
  const app = await connect(t, service.stage.names.appUrl);
  const key = await usableKey(service);
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
  const old = await mintDraft(service);
  const oldPayload = await payloadOf(service, old);
  await expectStatus(
    service.call("POST", `/v1/grants/${old}/revoke`, { as: "operator", body: { reason: "next" } }),
    200,
  );
  const authCode = await mintDraft(service);
  const payload = await payloadOf(service, authCode);
  const real = detachedJws(key, payload);

  const attempt = (
    jws: string,
    changes: { signer?: string; jwk?: object; payload?: string; kid?: string; ref?: string } = {},
  ) => {
    const ref = changes.ref ?? digest(jws);
    const jwk = changes.jwk === undefined ? null : JSON.stringify(changes.jwk);
    const values = [
      authCode,
      ref,
      changes.signer ?? null,
      jwk,
      changes.payload ?? payload,
      jws,
      changes.kid ?? key.kid,
    ];
    return refusedBy(app, [storeSignature, values], [activate, [authCode, ref]]);
  };
  t.equal(await refusedBy(app, [activate, [authCode, null]]), "grant_esign");
  t.equal(await refusedBy(app, [activate, [authCode, "forged"]]), "grant_esign", "a reference to nothing");
  t.equal(
    await refusedBy(app, [`UPDATE ${grants} SET sovereign_esign_ref = 's' WHERE auth_code = $1`, [authCode]]),
    "grant_transition",
  );
  const [head = "", , signature = ""] = real.split(".");
  const forger = makeKey("EdDSA", key.kid);
  const forged = detachedJws(forger, payload);
  const cases: readonly [
    string,
    string | undefined,
    Promise<string | undefined> | (() => Promise<string | undefined>),
  ][] = [
    ["made up", "signature_valid", () => attempt(`${head}..${"A".repeat(86)}`)],
    ["by another private key", "signature_valid", () => attempt(forged)],
    ["by another key that it brings along", "signature_record", () => attempt(forged, { jwk: forger.jwk })],
    [
      "over the payload of another grant",
      "signature_record",
      () => attempt(detachedJws(key, oldPayload), { payload: oldPayload }),
    ],
    ["of another grant", "signature_valid", () => attempt(detachedJws(key, oldPayload))],
    [
      "header with more in it",
      "signature_valid",
      () => attempt(detachedJws(key, payload, { alg: "EdDSA", kid: key.kid, typ: "x" })),
    ],
    [
      "header of another name",
      "signature_valid",
      () => attempt(detachedJws(key, payload, { alg: "EdDSA", kid: "other" })),
    ],
    ["header that is no JSON", "signature_valid", () => attempt(`AAAA..${signature}`)],
    ["attached payload", "signature_valid", () => attempt(`${head}.AAAA.${signature}`)],
    ["four parts", "signature_valid", () => attempt(`${real}.AAAA`)],
    ["in another person's name", "signature_record", () => attempt(real, { signer: "admin" })],
    ["unconfirmed key", "signature_key_in_force", () => attempt(detachedJws(pending, payload), { kid: pending.kid })],
    ["revoked key", "signature_key_in_force", () => attempt(detachedJws(revoked, payload), { kid: revoked.kid })],
    ["reference of something else", "esign_ref_of_jws", () => attempt(real, { ref: digest("x") })],
    ["the real one", undefined, () => attempt(real)],
  ];
  for (const [name, constraint, run] of cases) {
    t.equal(await (typeof run === "function" ? run() : run), constraint, name);
  }
  await expectStatus(esign(service, authCode, real), 200);
  t.equal(await attempt(real), "signature_of_draft", "a second signature");
  t.equal(await refusedBy(app, ["UPDATE grant_signatures SET payload = 'x'"]), "42501");
});

t.test("ESIGN-4 SQL as the app role makes no key usable without proof, owner and council", async (t) => {
  const service = await startService(t);
  const app = await connect(t, service.stage.names.appUrl);
  const insert =
    "INSERT INTO signing_keys (kid, principal, alg, jwk, proof, status, valid_from, valid_until) VALUES ($1, $2, $3, $4, $5, $6, now(), now() + interval '1 day')";
  const key = makeKey();
  const { proof } = registration(key, "sovereign");
  const usual = {
    kid: key.kid,
    principal: "sovereign",
    alg: "EdDSA",
    jwk: JSON.stringify(key.jwk),
    proof,
    status: "pending",
  };
  const values = (changes: Partial<typeof usual> = {}) => Object.values({ ...usual, ...changes });
  t.equal(await refusedBy(app, [insert, values()]), undefined);
  t.equal(await refusedBy(app, [insert, values({ status: "active" })]), "key_transition");
  t.equal(await refusedBy(app, [insert, values({ principal: "admin" })]), "key_of_sovereign");
  t.equal(await refusedBy(app, [insert, values({ kid: "other" })]), "key_proof", "another name than the proof's");
  t.equal(await refusedBy(app, [insert, values({ alg: "ES256" })]), "key_sound");
  t.equal(await refusedBy(app, [insert, values({ jwk: JSON.stringify(makeKey().jwk) })]), "key_proof");
  t.equal(await refusedBy(app, [insert, values({ proof: "a.b.c" })]), "key_proof");
  const identity = { kty: "OKP", crv: "Ed25519", x: Buffer.from(`01${"00".repeat(31)}`, "hex").toString("base64url") };
  t.equal(
    await refusedBy(app, [insert, values({ jwk: JSON.stringify(identity) })]),
    "key_sound",
    "a key under which anything is signed",
  );

  await expectStatus(
    service.call("POST", "/v1/signing-keys", { as: "sovereign", body: registration(key, "sovereign") }),
    201,
  );
  const change = (set: string) => refusedBy(app, [`UPDATE signing_keys SET ${set} WHERE kid = $1`, [key.kid]]);
  const confirm = (by: string) => change(`status = 'active', confirmed_at = now(), confirmed_by = '${by}'`);
  t.equal(await confirm("sovereign"), "key_confirmation", "by its owner");
  t.equal(await confirm("admin"), "key_confirmation", "an administrator makes no key");
  t.equal(await confirm("council_1"), undefined);
  t.equal(await change("status = 'active'"), "key_confirmation");
  t.equal(await change("jwk = '{}'"), "42501");
  t.equal(await change("valid_until = valid_until + interval '1 year'"), "42501");
  await expectStatus(
    service.call("POST", `/v1/signing-keys/${key.kid}/revoke`, { as: "admin", body: { reason: "r" } }),
    200,
  );
  t.equal(
    await change(
      "status = 'active', confirmed_at = now(), confirmed_by = 'council_1', revoked_at = NULL, revoked_by = NULL, revoked_reason = NULL",
    ),
    "key_transition",
  );
  t.equal(await refusedBy(app, [insert, values()]), "signing_keys_pkey");
  t.equal(
    await refusedBy(app, [
      insert,
      [
        "again",
        "sovereign",
        "EdDSA",
        JSON.stringify(key.jwk),
        registration({ ...key, kid: "again" }, "sovereign").proof,
        "pending",
      ],
    ]),
    "one_name_per_key",
  );
  const owner = await connect(t, service.stage.names.ownerUrl);
  t.equal(await refusedBy(owner, [`UPDATE signing_keys SET jwk = '{}', status = 'revoked'`]), "key_immutable");
});

t.test("GRANT-6 SQL as the app role mints no commit-mode grant without its quorum and its scope", async (t) => {
  const service = await startService(t);
  const app = await connect(t, service.stage.names.appUrl);
  const model = await mintDraft(service);
  await expectStatus(
    service.call("POST", `/v1/grants/${model}/revoke`, { as: "operator", body: { reason: "next" } }),
    200,
  );
  const { aprCode } = await approveSovereign(service);
  const mint = (changes: Record<string, string> = {}, request = aprCode) => {
    const columns =
      "auth_code, request_ref, mode, scope, rollback_plan_ref, commit_allowed, requires_sovereign_esign, sovereign_esign_ref, approval_ref, evidence, status, granted_at, granted_by, created_by, expires_at";
    const own: Record<string, string> = {
      auth_code: `'GBA-C1-${request}'`,
      request_ref: `'${request}'`,
      status: "'draft'",
      ...changes,
    };
    const values = columns.split(", ").map((column) => own[column] ?? column);
    return refusedBy(app, [
      `INSERT INTO ${grants} (${columns}) SELECT ${values.join(", ")} FROM ${grants} WHERE auth_code = '${model}'`,
    ]);
  };
  t.equal(await mint(), undefined, "as the service does it");
  t.equal(await mint({ status: "'active'" }), "grant_transition");
  t.equal(await mint({ status: "'active'", sovereign_esign_ref: "'forged'" }), "grant_transition");
  t.equal(await mint({ sovereign_esign_ref: "'forged'" }), "grant_transition");
  t.equal(await mint({ commit_allowed: "false" }), "commit_constants");
  t.equal(await mint({ requires_sovereign_esign: "false" }), "commit_constants");
  for (const [name = "", value = ""] of [
    ["target", "ELSEWHERE"],
    ["environment", "nowhere"],
    ["namespace", "DRYRUN-NS"],
    ["database", "other"],
    ["lease_name", "other"],
  ]) {
    t.equal(await mint({ scope: `scope || '{"${name}": "${value}"}'` }), "grant_needs_scope", name);
  }
  t.equal(await mint({ scope: `scope || '{"action_set": ["drop_everything"]}'` }), "grant_needs_scope");
  const production = `scope || '{"environment": "production"}'`;
  t.equal(await mint({ scope: production }), "grant_needs_scope", "production needs a rehearsal");
  const { aprCode: dry } = await (await import("../support/flow.ts")).approve(service);
  t.equal(await mint({}, dry), "grant_needs_sovereign_quorum");
  const open = sovereignRequest();
  await expectStatus(service.call("POST", "/v1/approval-requests", { as: "requester", body: open }), 201);
  t.equal(await mint({}, open.apr_code), "grant_needs_quorum");
});

t.test("GRANT-9 SQL as the app role uses nothing past a hold or a revoked key, and rewrites no hold", async (t) => {
  const service = await startService(t);
  const app = await connect(t, service.stage.names.appUrl);
  const { authCode, key } = await mintActive(service);
  const use: [string, unknown[]] = [
    `UPDATE ${grants} SET status = 'consumed', consumed_at = clock_timestamp(), consumed_by = 'c1-builder', idempotency_root = 'r' WHERE auth_code = $1`,
    [authCode],
  ];
  const receipt: [string, unknown[]] = [
    `INSERT INTO grant_receipts (auth_code, consumed_at, consumed_by, idempotency_root) SELECT auth_code, consumed_at, consumed_by, idempotency_root FROM ${grants} WHERE auth_code = $1`,
    [authCode],
  ];
  t.equal(await refusedBy(app, use, receipt), undefined);
  const place = (environment: string | null): [string, unknown[]] => [
    "INSERT INTO registration_holds (environment, reason, placed_by, placed_at) VALUES ($1, 'r', 'operator', '1999-01-01')",
    [environment],
  ];
  t.equal(await refusedBy(app, place(null), use, receipt), "registration_hold");
  t.equal(await refusedBy(app, place("staging"), use, receipt), "registration_hold");
  t.equal(await refusedBy(app, place("production"), use, receipt), undefined, "another environment's hold");

  const hold = await expectStatus(service.call("POST", "/v1/holds", { as: "operator", body: { reason: "r" } }), 201);
  const change = (set: string) =>
    refusedBy(app, [`UPDATE registration_holds SET ${set} WHERE id = $1`, [hold.body["id"]]]);
  t.equal(await change("reason = 'other'"), "42501");
  t.equal(await change("lifted_by = 'operator'"), "hold_transition");
  t.equal(await change("lifted_at = now(), lifted_by = 'operator'"), undefined);
  await expectStatus(service.call("POST", `/v1/holds/${String(hold.body["id"])}/lift`, { as: "operator" }), 200);
  t.equal(await change("lifted_at = NULL, lifted_by = NULL"), "hold_transition", "a lifted hold stays lifted");

  await expectStatus(
    service.call("POST", `/v1/signing-keys/${key.kid}/revoke`, { as: "admin", body: { reason: "r" } }),
    200,
  );
  t.equal(await refusedBy(app, use, receipt), "grant_key_revoked");
  t.match((await consume(service, authCode, "r", commitBindings())).body, { code: "REJECT_SIGNATURE_KEY_REVOKED" });
});
