import { generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { type Role, serviceCaller } from "../../src/kernel/caller.ts";
import { createToken, ensurePrincipal } from "../../src/principals/index.ts";
import { approvalRequest, bindings, execute, expectStatus } from "./flow.ts";
import type { Answer, Person, Service, Stage } from "./service.ts";

export type Algorithm = "EdDSA" | "ES256";

/** A key pair of a test, made with node's own crypto and not with the library that the service checks with. */
export interface TestKey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly jwk: Readonly<Record<string, string>>;
  readonly privateKey: KeyObject;
}

export function makeKey(alg: Algorithm = "EdDSA", kid: string = `key-${randomUUID()}`): TestKey {
  const { publicKey, privateKey } =
    alg === "EdDSA" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { kid, alg, jwk: publicKey.export({ format: "jwk" }) as Record<string, string>, privateKey };
}

const base64url = (data: string | Uint8Array): string => Buffer.from(data).toString("base64url");

/** A compact JWS over the bytes; `header` replaces the whole protected header. */
export function compactJws(key: TestKey, payload: string | Uint8Array, header?: unknown): string {
  const head = base64url(JSON.stringify(header ?? { alg: key.alg, kid: key.kid }));
  const input = Buffer.from(`${head}.${base64url(payload)}`);
  const signature =
    key.alg === "EdDSA"
      ? sign(null, input, key.privateKey)
      : sign("sha256", input, { key: key.privateKey, dsaEncoding: "ieee-p1363" });
  return `${head}.${base64url(payload)}.${base64url(signature)}`;
}

export function detachedJws(key: TestKey, payload: string | Uint8Array, header?: unknown): string {
  const [head = "", , signature = ""] = compactJws(key, payload, header).split(".");
  return `${head}..${signature}`;
}

/** Who calls: a person of the cast, or a token of somebody else. */
export type As = { readonly as: Person } | { readonly token: string };

/** The body that registers the key as the principal's. */
export function registration(key: TestKey, principal: string, changes: Record<string, unknown> = {}) {
  const payload = JSON.stringify({ kid: key.kid, principal, purpose: "register-signing-key" });
  return { kid: key.kid, jwk: key.jwk, proof: compactJws(key, payload), ...changes };
}

/** A key of the sovereign that a council member has confirmed. */
export async function usableKey(
  service: Service,
  options: { key?: TestKey; principal?: string; who?: As; changes?: Record<string, unknown> } = {},
): Promise<TestKey> {
  const { key = makeKey(), principal = "sovereign", who = { as: "sovereign" } as const, changes } = options;
  const body = registration(key, principal, changes);
  await expectStatus(service.call("POST", "/v1/signing-keys", { ...who, body }), 201);
  await expectStatus(service.call("POST", `/v1/signing-keys/${key.kid}/confirm`, { as: "council_1" }), 200);
  return key;
}

/** The bindings of `sovereignRequest`. */
export const commitBindings = (changes: Record<string, unknown> = {}) =>
  bindings({ mode: "commit", environment: "staging", ...changes });

/** A request for a commit-mode grant in the shipped scope that needs no rehearsal. */
export function sovereignRequest(changes: Record<string, unknown> = {}, action: Record<string, unknown> = {}) {
  return approvalRequest(
    {
      title: "Build the C1 vocabulary in staging",
      proposed_action_code: "authorize_sovereign_build",
      risk: "sovereign",
      commit: true,
      ...changes,
    },
    { namespace: "PROD-NS", environment: "staging", ...action },
  );
}

/** Posts it and has two approvers and a council member approve it. */
export async function approveSovereign(service: Service, request = sovereignRequest(), as: Person = "requester") {
  const posted = await expectStatus(service.call("POST", "/v1/approval-requests", { as, body: request }), 201);
  const digest = posted.body["apr_digest"] as unknown as string;
  for (const voter of ["approver_1", "approver_2", "council_1"] as const) {
    const vote = { decision: "approve", apr_digest: digest, reason: "as discussed" };
    const path = `/v1/approval-requests/${request.apr_code}/votes`;
    await expectStatus(service.call("POST", path, { as: voter, body: vote }), 201);
  }
  return { aprCode: request.apr_code, digest };
}

/** A whole approval, down to the draft. @returns the grant's code */
export async function mintDraft(service: Service, request = sovereignRequest()): Promise<string> {
  const minted = await expectStatus(execute(service, await approveSovereign(service, request)), 201);
  return minted.body["auth_code"] as unknown as string;
}

export async function payloadOf(service: Service, authCode: string): Promise<string> {
  const path = `/v1/grants/${authCode}/signing-payload`;
  return (await expectStatus(service.call("GET", path, { as: "sovereign" }), 200)).text;
}

export function esign(service: Service, authCode: string, jws: string, who: As = { as: "sovereign" }): Promise<Answer> {
  return service.call("POST", `/v1/grants/${authCode}/esign`, { ...who, body: { jws } });
}

/** A grant that a sovereign has signed. @returns its code and the key */
export async function mintActive(service: Service, request = sovereignRequest(), key?: TestKey) {
  const authCode = await mintDraft(service, request);
  const signer = key ?? (await usableKey(service));
  await expectStatus(esign(service, authCode, detachedJws(signer, await payloadOf(service, authCode))), 200);
  return { authCode, key: signer };
}

/** Someone beside the cast. @returns a token of theirs */
export function enlist(stage: Stage, principal: string, roles: readonly Role[]): Promise<string> {
  const director = serviceCaller("test");
  return stage.database.transact(async (tx) => {
    await ensurePrincipal(tx, director, principal, roles);
    return (await createToken(tx, director, stage.keys, { principal, label: "test", ttlSeconds: 3_600 })).token;
  });
}
