import t from "tap";
import { canonicalJson, digestOfBytes } from "../../src/kernel/json.ts";
import {
  commitBindings,
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
  usableKey,
} from "../support/commit.ts";
import { consume, expectStatus } from "../support/flow.ts";
import { startService } from "../support/service.ts";

const verify = (code?: string) => (code === undefined ? "/v1/grants/verify" : `/v1/grants/${code}/verify`);

t.test(
  "ESIGN-2 a draft becomes active by a sovereign's signature, and only then may it be consumed, once",
  async (t) => {
    const service = await startService(t);
    const authCode = await mintDraft(service, sovereignRequest({ apr_code: "APR-2026-0100" }));
    t.equal(authCode, "GBA-C1-APR-2026-0100");
    const draft = await service.call("GET", `/v1/grants/${authCode}`, { as: "auditor" });
    t.match(draft.body, {
      status: "draft",
      mode: "commit",
      commit_allowed: true,
      requires_sovereign_esign: true,
      sovereign_esign_ref: null,
      signature: null,
      bindings: { namespace: "PROD-NS", environment: "staging", database: "default", lease_name: "lego1-c1-build" },
      approval_ref: { apr_code: "APR-2026-0100", quorum: "passed" },
      evidence: { mode: "commit", step_name: "C1_VOCAB_BUILD" },
    });
    const body = commitBindings();
    const early = await service.call("POST", verify(), { as: "c1-builder", body });
    t.match(
      { ...early.body, status: early.status },
      { status: 409, code: "REJECT_AUTH_NOT_ACTIVE", auth_code: authCode },
    );
    t.match((await consume(service, authCode, "root", body)).body, { code: "REJECT_AUTH_NOT_ACTIVE" });

    const key = await usableKey(service);
    const payload = await payloadOf(service, authCode);
    const signed = await expectStatus(esign(service, authCode, detachedJws(key, payload)), 200);
    t.match(signed.body, {
      status: "active",
      signature: { signer: "sovereign", kid: key.kid, alg: "EdDSA", jwk: key.jwk },
    });
    t.match(signed.body, {
      signature: { payload, payload_digest: digestOfBytes(payload), key_confirmed_by: "council_1" },
    });

    t.match((await expectStatus(service.call("POST", verify(), { as: "c1-builder", body }), 200)).body, {
      verdict: "valid",
      auth_code: authCode,
      mode: "commit",
      on_hold: false,
    });
    const lease = { name: "lego1-c1-build", ttl_seconds: 60 };
    const receipt = await expectStatus(consume(service, authCode, "root", { ...body, lease }), 200);
    t.match(receipt.body, { replayed: false, lease: { name: "lego1-c1-build", fencing_token: 1 } });
    t.match((await consume(service, authCode, "root", { ...body, lease })).body, { replayed: true });
    t.match((await consume(service, authCode, "other", body)).body, { code: "REJECT_AUTH_ALREADY_CONSUMED" });

    const events = await service.call("GET", `/v1/audit/events?resource_id=${authCode}`, { as: "auditor" });
    t.same(
      (events.body["items"] as unknown as { action: string; actor: string }[]).map(
        (one) => `${one.actor} ${one.action}`,
      ),
      ["c1-builder grant.consumed", "sovereign grant.active", "dispatcher grant.minted"],
    );
  },
);

t.test("GRANT-1 a verify that names no mode asks for commit, and a dry-run grant does not answer it", async (t) => {
  const service = await startService(t);
  const { authCode } = await mintActive(service);
  const { mode: _, ...silent } = commitBindings();
  t.match((await expectStatus(service.call("POST", verify(), { as: "c1-builder", body: silent }), 200)).body, {
    auth_code: authCode,
    mode: "commit",
  });
  const dry = await service.call("POST", verify(), { as: "c1-builder", body: commitBindings({ mode: "dry-run" }) });
  t.match(dry.body, { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", mismatched: ["mode"] });
});

t.test("GRANT-2 each binding that differs is named, alone and together, in search and by name", async (t) => {
  const service = await startService(t);
  const { authCode } = await mintActive(service);
  const zeros = `sha256:${"0".repeat(64)}`;
  const others: Record<string, unknown> = {
    plan_revision: "4",
    manifest_digest: zeros,
    schema_digest: zeros,
    environment: "production",
    action_set: ["staging_consume", "drop_everything"],
    rollback_plan_ref: "OTHER",
  };
  for (const [name, value] of Object.entries(others)) {
    const body = commitBindings({ [name]: value });
    for (const path of [verify(), verify(authCode)]) {
      const answer = await service.call("POST", path, { as: "c1-builder", body });
      t.match(
        { ...answer.body, status: answer.status },
        { status: 403, code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH" },
      );
      t.same(answer.body["mismatched"], [name], `${path} ${name}`);
      t.match(answer.body["errors"], [{ pointer: `/${name}` }]);
    }
    const used = await consume(service, authCode, "root", body);
    t.same([used.status, used.body["mismatched"]], [403, [name]]);
  }
  const all = await service.call("POST", verify(authCode), { as: "c1-builder", body: commitBindings(others) });
  t.same((all.body["mismatched"] as unknown as string[]).toSorted(), Object.keys(others).toSorted());
  const stranger = await service.call("POST", verify(authCode), { as: "other-builder", body: commitBindings() });
  t.same(stranger.body["mismatched"], ["executor"], "GRANT-7: the caller is the executor");
  for (const change of [{ carrier: "C2" }, { plan_id: "OTHER-PLAN" }]) {
    const none = await service.call("POST", verify(), { as: "c1-builder", body: commitBindings(change) });
    t.match(
      { ...none.body, status: none.status },
      { status: 403, code: "G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION" },
    );
  }
  await expectStatus(service.call("POST", verify(authCode), { as: "c1-builder", body: commitBindings() }), 200);
});

t.test("GRANT-2 two grants that match are ambiguous until one is named", async (t) => {
  const service = await startService(t);
  const scope = {
    carrier: "C1",
    namespace: "PROD-NS",
    axis: "dot:c1:vocab",
    target: "DOT_C1_OTHER_BUILD",
    environment: "staging",
    database: "default",
    allowed_action_sets: [["dot_iu_create_collection", "staging_consume"]],
    lease_name: "c1-other",
    rehearsal_required: false,
  };
  await expectStatus(service.call("POST", "/v1/scopes", { as: "admin", body: scope }), 201);
  const { authCode, key } = await mintActive(service);
  const other = await mintActive(service, sovereignRequest({}, { target: scope.target }), key);
  const asked = { as: "c1-builder", body: commitBindings() } as const;
  const both = await service.call("POST", verify(), asked);
  t.match({ ...both.body, status: both.status }, { status: 409, code: "AMBIGUOUS_AUTHORIZATION" });
  t.same((both.body["matching"] as unknown as string[]).toSorted(), [authCode, other.authCode].toSorted());
  await expectStatus(service.call("POST", verify(authCode), asked), 200);
  await expectStatus(consume(service, other.authCode, "root", commitBindings()), 200);
  t.match((await expectStatus(service.call("POST", verify(), asked), 200)).body, { auth_code: authCode });
});

t.test("MINT-6 one live commit-mode grant a target and environment, a dry-run grant beside it", async (t) => {
  const service = await startService(t);
  const first = await mintDraft(service);
  const { approveSovereign } = await import("../support/commit.ts");
  const { execute, mintGrant } = await import("../support/flow.ts");
  const second = await approveSovereign(service);
  t.match((await execute(service, second)).body, { result: "SKIP:active_grant_exists" });
  await mintGrant(service);
  const revoke = { as: "operator", body: { reason: "not wanted" } } as const;
  await expectStatus(service.call("POST", `/v1/grants/${first}/revoke`, revoke), 200);
  await expectStatus(execute(service, second), 201);
});

t.test(
  "ESIGN-1 the payload is canonical, bound to everything, served as it is signed, and never another's",
  async (t) => {
    const service = await startService(t);
    const odd = 'plan "ω" \\ / \u2028 \u{1f512} é';
    const authCode = await mintDraft(service, sovereignRequest({}, { plan_id: odd, step_name: "x" }));
    const answer = await expectStatus(
      service.call("GET", `/v1/grants/${authCode}/signing-payload`, { as: "sovereign" }),
      200,
    );
    t.match(answer.headers.get("content-type"), /^application\/json/);
    t.equal(answer.headers.get("payload-digest"), digestOfBytes(answer.text));
    t.equal(answer.text, canonicalJson(JSON.parse(answer.text)), "RFC 8785");
    const grant = (await service.call("GET", `/v1/grants/${authCode}`, { as: "auditor" })).body;
    const { database, lease_name: _, ...bound } = grant["bindings"] as unknown as Record<string, string>;
    const apr = await service.call("GET", `/v1/approval-requests/${String(grant["request_ref"])}`, { as: "auditor" });
    t.same(JSON.parse(answer.text), {
      type: "countersign/grant-signing-payload/v1",
      auth_code: authCode,
      apr_digest: apr.body["apr_digest"],
      mode: "commit",
      bindings: bound,
      database,
      expires_at: grant["expires_at"],
      rehearsal_ref: null,
    });
    t.equal(bound["plan_id"], odd);
    const key = await usableKey(service);
    await expectStatus(esign(service, authCode, detachedJws(key, answer.text)), 200);
    t.equal(await payloadOf(service, authCode), answer.text, "still shown once it is signed");
  },
);

t.test("ESIGN-2 the signer is a sovereign who neither asked nor voted nor executes", async (t) => {
  const service = await startService(t);
  const token = await enlist(service.stage, "many-hats", ["sovereign", "requester", "council", "executor"]);
  const key = await usableKey(service, { principal: "many-hats", who: { token } });
  const sign = async (authCode: string) => {
    const payload = await payloadOf(service, authCode);
    return esign(service, authCode, detachedJws(key, payload), { token });
  };
  const revoke = (code: string) =>
    expectStatus(service.call("POST", `/v1/grants/${code}/revoke`, { as: "operator", body: { reason: "next" } }), 200);
  const { approveSovereign } = await import("../support/commit.ts");
  const { execute } = await import("../support/flow.ts");
  const vote = (
    code: string,
    digest: string,
    who: { token: string } | { as: "approver_1" | "approver_2" | "council_1" },
  ) => {
    const body = { decision: "approve", apr_digest: digest, reason: "yes" };
    return expectStatus(service.call("POST", `/v1/approval-requests/${code}/votes`, { ...who, body }), 201);
  };

  const asked = sovereignRequest();
  const posted = await expectStatus(service.call("POST", "/v1/approval-requests", { token, body: asked }), 201);
  const digest = posted.body["apr_digest"] as unknown as string;
  for (const as of ["approver_1", "approver_2", "council_1"] as const) await vote(asked.apr_code, digest, { as });
  const own = (await expectStatus(execute(service, { aprCode: asked.apr_code, digest }), 201)).body[
    "auth_code"
  ] as unknown as string;
  t.match(await sign(own), { status: 422, body: { code: "ESIGN_INVALID", reason: "signer_is_requester" } });
  await revoke(own);

  const other = sovereignRequest();
  const second = await expectStatus(
    service.call("POST", "/v1/approval-requests", { as: "requester", body: other }),
    201,
  );
  const otherDigest = second.body["apr_digest"] as unknown as string;
  for (const as of ["approver_1", "approver_2"] as const) await vote(other.apr_code, otherDigest, { as });
  await vote(other.apr_code, otherDigest, { token });
  const voted = (await expectStatus(execute(service, { aprCode: other.apr_code, digest: otherDigest }), 201)).body[
    "auth_code"
  ] as unknown as string;
  t.match(await sign(voted), { status: 422, body: { code: "ESIGN_INVALID", reason: "signer_voted" } });
  await revoke(voted);

  const executing = await expectStatus(
    execute(service, await approveSovereign(service, sovereignRequest({}, { executor: "many-hats" }))),
    201,
  );
  t.match(await sign(executing.body["auth_code"] as unknown as string), {
    status: 422,
    body: { reason: "signer_is_executor" },
  });
});

t.test("ESIGN-3 the signature outlives its key, and anyone checks it from the answer alone", async (t) => {
  const { createPublicKey, verify: check } = await import("node:crypto");
  const service = await startService(t);
  for (const alg of ["EdDSA", "ES256"] as const) {
    const key = await usableKey(service, { key: makeKey(alg) });
    const { authCode } = await mintActive(service, sovereignRequest(), key);
    await expectStatus(consume(service, authCode, `root-${alg}`, commitBindings()), 200);
    const revoked = { as: "admin", body: { reason: "the laptop was lost" } } as const;
    await expectStatus(service.call("POST", `/v1/signing-keys/${key.kid}/revoke`, revoked), 200);
    const { body } = await service.call("GET", `/v1/grants/${authCode}`, { as: "auditor" });
    const found = body["signature"] as unknown as {
      jwk: Record<string, string>;
      payload: string;
      jws: string;
      key_revoked_at: string;
    };
    t.ok(found.key_revoked_at);
    const [head = "", , signature = ""] = found.jws.split(".");
    const publicKey = createPublicKey({ key: found.jwk, format: "jwk" });
    const input = Buffer.from(`${head}.${Buffer.from(found.payload).toString("base64url")}`);
    const bytes = Buffer.from(signature, "base64url");
    t.ok(
      alg === "EdDSA"
        ? check(null, input, publicKey, bytes)
        : check("sha256", input, { key: publicKey, dsaEncoding: "ieee-p1363" }, bytes),
      alg,
    );
  }
});

t.test("GRANT-3 a key that is revoked before the use makes the grant refuse, everywhere", async (t) => {
  const service = await startService(t);
  const { authCode, key } = await mintActive(service);
  const path = `/v1/signing-keys/${key.kid}/revoke`;
  await expectStatus(service.call("POST", path, { as: "sovereign", body: { reason: "lost" } }), 200);
  const refused = { status: 409, body: { code: "REJECT_SIGNATURE_KEY_REVOKED", auth_code: authCode } };
  const asked = { as: "c1-builder", body: commitBindings() } as const;
  t.match(await service.call("POST", verify(), asked), refused);
  t.match(await service.call("POST", verify(authCode), asked), refused);
  t.match(await consume(service, authCode, "root", commitBindings()), refused);
  const doctor = await service.call("GET", "/v1/doctor", { as: "operator" });
  t.match(
    (doctor.body["findings"] as unknown as { code: string }[]).filter((one) => one.code === "GRANT_KEY_REVOKED"),
    [{ subject: authCode, severity: "error" }],
  );
  const { body } = await service.call("GET", `/v1/grants/${authCode}`, { as: "auditor" });
  t.match(body, { status: "active" }, "the row is as it was: the refusal is the verifier's");
});

t.test("GRANT-4 a grant of a scope is worked under the scope's lease and no other", async (t) => {
  const service = await startService(t);
  const { authCode } = await mintActive(service);
  const other = await consume(service, authCode, "root", { ...commitBindings(), lease: { name: "another-lease" } });
  t.match(other, { status: 403, body: { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", mismatched: ["lease_name"] } });
  t.same((await service.call("GET", "/v1/leases", { as: "operator" })).body["items"], []);
  const lease = { name: "lego1-c1-build" };
  await expectStatus(consume(service, authCode, "root", { ...commitBindings(), lease }), 200);
});

t.test("ESIGN-4 the proof of a key is over its name, its owner and its purpose", async (t) => {
  const service = await startService(t);
  const key = makeKey();
  const post = (body: unknown) => service.call("POST", "/v1/signing-keys", { as: "sovereign", body });
  const proofOver = (content: unknown) =>
    registration(key, "sovereign", { proof: compactJws(key, JSON.stringify(content)) });
  for (const content of [
    { kid: key.kid, principal: "sovereign", purpose: "something-else" },
    { kid: key.kid, principal: "other", purpose: "register-signing-key" },
    { kid: "other", principal: "sovereign", purpose: "register-signing-key" },
    { principal: "sovereign", kid: key.kid, purpose: "register-signing-key" },
    { kid: key.kid, principal: "sovereign", purpose: "register-signing-key", extra: 1 },
  ]) {
    t.match(await post(proofOver(content)), { status: 422, body: { code: "ESIGN_INVALID", reason: "mismatch" } });
  }
  const foreign = makeKey("EdDSA", key.kid);
  const stolen = { ...registration(foreign, "sovereign"), jwk: key.jwk };
  t.match(await post(stolen), { status: 422, body: { reason: "mismatch" } }, "a proof by another key");
  t.match(await post(registration(key, "sovereign")), { status: 201, body: { status: "pending", usable: false } });
});
