import { createHash, generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from "node:crypto";
import type { Algorithm, As } from "./commit.ts";
import { expectStatus } from "./flow.ts";
import type { Answer, Service } from "./service.ts";

/** A passkey of a test: an authenticator with one credential in it, made with node's own crypto. */
export interface TestPasskey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly credentialId: string;
  /** SubjectPublicKeyInfo, as a browser answers it. */
  readonly spki: Buffer;
  readonly jwk: Readonly<Record<string, string>>;
  readonly privateKey: KeyObject;
}

/** An assertion as it is sent. */
export interface AssertionBody {
  readonly authenticator_data: string;
  readonly client_data_json: string;
  readonly signature: string;
}

/** What an honest browser and authenticator would not do. */
export interface Deviations {
  readonly type?: unknown;
  readonly challenge?: unknown;
  readonly origin?: unknown;
  /** Members beside type, challenge and origin; `undefined` leaves one out. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** In place of all of the client data. */
  readonly clientData?: string | Uint8Array;
  readonly rpId?: string;
  readonly flags?: number;
  readonly counter?: number;
  /** After the counter. */
  readonly more?: Uint8Array;
  /** In place of all of the authenticator data. */
  readonly authenticatorData?: Uint8Array;
  /** What becomes of the signature's bytes. */
  readonly sign?: (signature: Buffer) => Uint8Array;
}

export const flag = { UP: 1, UV: 4, BE: 8, BS: 16, AT: 64, ED: 128 } as const;

export function makePasskey(alg: Algorithm = "ES256", kid: string = `passkey-${randomUUID()}`): TestPasskey {
  const { publicKey, privateKey } =
    alg === "EdDSA" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    kid,
    alg,
    credentialId: randomBytes(32).toString("base64url"),
    spki: publicKey.export({ format: "der", type: "spki" }),
    jwk: publicKey.export({ format: "jwk" }) as Record<string, string>,
    privateKey,
  };
}

const base64url = (data: string | Uint8Array): string => Buffer.from(data).toString("base64url");
const sha256 = (data: string | Uint8Array): Buffer => createHash("sha256").update(data).digest();

/** The origin that a service without configuration takes passkeys of: this machine, by its name. */
export function originOf(service: Service): string {
  return `http://localhost:${new URL(service.url).port}`;
}

/** What `navigator.credentials.get` would answer on a page of that origin, asked to sign the digest of the payload. */
export function assertionOf(
  passkey: TestPasskey,
  payload: string | Uint8Array,
  origin: string,
  deviations: Deviations = {},
): AssertionBody {
  const said = {
    type: deviations.type ?? "webauthn.get",
    challenge: deviations.challenge ?? base64url(sha256(payload)),
    origin: deviations.origin ?? origin,
    crossOrigin: false,
    ...deviations.members,
  };
  const clientData = Buffer.from(deviations.clientData ?? JSON.stringify(said));
  const authenticatorData = Buffer.from(deviations.authenticatorData ?? authenticatorDataOf(origin, deviations));
  const signed = Buffer.concat([authenticatorData, sha256(clientData)]);
  const signature = sign(passkey.alg === "EdDSA" ? null : "sha256", signed, passkey.privateKey);
  return {
    authenticator_data: base64url(authenticatorData),
    client_data_json: base64url(clientData),
    signature: base64url(deviations.sign?.(signature) ?? signature),
  };
}

function authenticatorDataOf(origin: string, { rpId, flags, counter, more }: Deviations): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags ?? flag.UP | flag.UV | flag.BE | flag.BS);
  head.writeUInt32BE(counter ?? 0, 1);
  return Buffer.concat([sha256(rpId ?? new URL(origin).hostname), head, more ?? Buffer.alloc(0)]);
}

/** The bytes whose digest a passkey signs to show that it is the principal's. */
export function registrationPayload(kid: string, principal: string): string {
  return JSON.stringify({ kid, principal, purpose: "register-signing-key" });
}

/** The body that registers the passkey as the principal's. */
export function passkeyRegistration(
  passkey: TestPasskey,
  principal: string,
  origin: string,
  changes: { readonly webauthn?: Readonly<Record<string, unknown>>; readonly deviations?: Deviations } = {},
) {
  const proof = assertionOf(passkey, registrationPayload(passkey.kid, principal), origin, changes.deviations);
  return {
    kid: passkey.kid,
    webauthn: {
      credential_id: passkey.credentialId,
      public_key: base64url(passkey.spki),
      alg: passkey.alg,
      ...proof,
      ...changes.webauthn,
    },
  };
}

/** A passkey of the sovereign that a council member has confirmed. */
export async function usablePasskey(
  service: Service,
  options: { passkey?: TestPasskey; principal?: string; who?: As } = {},
): Promise<TestPasskey> {
  const { passkey = makePasskey(), principal = "sovereign", who = { as: "sovereign" } as const } = options;
  const body = passkeyRegistration(passkey, principal, originOf(service));
  await expectStatus(service.call("POST", "/v1/signing-keys", { ...who, body }), 201);
  await expectStatus(service.call("POST", `/v1/signing-keys/${passkey.kid}/confirm`, { as: "council_1" }), 200);
  return passkey;
}

export function esignByPasskey(
  service: Service,
  authCode: string,
  webauthn: AssertionBody & { readonly kid: string },
  who: As = { as: "sovereign" },
): Promise<Answer> {
  return service.call("POST", `/v1/grants/${authCode}/esign`, { ...who, body: { webauthn } });
}
