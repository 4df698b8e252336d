import Type, { type Static } from "typebox";
import { Principal, Prose, Timestamp, TimestampInput } from "../kernel/schemas.ts";
import { shownKeyStatuses } from "./states.ts";

const closed = { additionalProperties: false } as const;

export const Kid = Type.String({
  pattern: "^[A-Za-z0-9_-][A-Za-z0-9._:-]{0,127}$",
  description: "The name of the key; its RFC 7638 thumbprint is a good one.",
  examples: ["sovereign-2026"],
});

export const Algorithm = Type.Enum(["EdDSA", "ES256"]);
export type Algorithm = Static<typeof Algorithm>;

const coordinate = Type.String({
  pattern: "^[A-Za-z0-9_-]{43}$",
  description: "32 bytes in base64url.",
});

/** A public key (RFC 7517): Ed25519, or P-256. A private member (`d`) is refused, as any unknown one is. */
export const PublicJwk = Type.Object(
  {
    kty: Type.Enum(["OKP", "EC"]),
    crv: Type.Enum(["Ed25519", "P-256"]),
    x: coordinate,
    y: Type.Optional(coordinate),
    alg: Type.Optional(Type.String({ maxLength: 20 })),
    kid: Type.Optional(Type.String({ maxLength: 200 })),
    use: Type.Optional(Type.Literal("sig")),
    key_ops: Type.Optional(Type.Array(Type.Literal("verify"), { maxItems: 1 })),
    ext: Type.Optional(Type.Boolean()),
  },
  {
    ...closed,
    examples: [{ kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }],
  },
);
export type PublicJwk = Static<typeof PublicJwk>;

const base64url = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, pattern: "^[A-Za-z0-9_-]+$", description });

/** What an authenticator and a browser answer to `navigator.credentials.get` (WebAuthn, 5.2.2), in base64url without padding. */
const assertion = {
  authenticator_data: base64url(256, "As it was signed: 37 bytes, without extensions."),
  client_data_json: base64url(2_731, "The bytes as the browser made them, 2048 at most."),
  signature: base64url(128, "ES256: in DER, as authenticators make it; EdDSA: 64 bytes."),
};

const CredentialId = base64url(1_364, "The `rawId` of the credential, in base64url.");

const period = { valid_from: Type.Optional(TimestampInput), valid_until: Type.Optional(TimestampInput) };

const JwsKeyInput = Type.Object(
  {
    kid: Kid,
    jwk: PublicJwk,
    ...period,
    proof: Type.String({
      minLength: 1,
      maxLength: 4_096,
      description:
        'Compact JWS by this key, header exactly `alg` and `kid`, over the RFC 8785 form of `{"kid": …, "principal": …, "purpose": "register-signing-key"}`.',
    }),
  },
  { ...closed, description: "A key that signs by JWS." },
);
export type JwsKeyInput = Static<typeof JwsKeyInput>;

const PasskeyInput = Type.Object(
  {
    kid: Kid,
    webauthn: Type.Object(
      {
        credential_id: CredentialId,
        public_key: base64url(256, "SubjectPublicKeyInfo, as `response.getPublicKey()` answers it."),
        alg: Algorithm,
        ...assertion,
      },
      {
        ...closed,
        description:
          "The proof is an assertion whose challenge is the SHA-256 digest of the RFC 8785 form of the same object that a JWS would be over.",
      },
    ),
    ...period,
  },
  { ...closed, description: "A passkey, which signs by WebAuthn." },
);
export type PasskeyInput = Static<typeof PasskeyInput>;

export const SigningKeyInput = Type.Union([JwsKeyInput, PasskeyInput]);
export type SigningKeyInput = Static<typeof SigningKeyInput>;

/** A signature over a payload: by a key that signs by JWS, or by a passkey (ESIGN-2). */
export const EsignInput = Type.Union([
  Type.Object(
    {
      jws: Type.String({
        minLength: 1,
        maxLength: 4096,
        description:
          "`<protected>..<signature>`: detached, header exactly `alg` (EdDSA or ES256) and `kid`, over the bytes of signing-payload.",
      }),
    },
    closed,
  ),
  Type.Object(
    {
      webauthn: Type.Object(
        { kid: Kid, ...assertion },
        {
          ...closed,
          description:
            "An assertion by the passkey of that name: its challenge is the SHA-256 digest of the bytes of signing-payload. User presence and user verification are required.",
        },
      ),
    },
    closed,
  ),
]);
export type EsignInput = Static<typeof EsignInput>;

const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

/** What a passkey has signed, with the relying party that it was for: enough to check it without the service (ESIGN-3). */
export const WebauthnSignature = Type.Object(
  {
    rp_id: Type.String({ description: "Its SHA-256 digest is in the authenticator data." }),
    authenticator_data: Type.String(),
    client_data_json: Type.String(),
    signature: Type.String(),
  },
  {
    ...closed,
    description:
      "Of a passkey, all but `rp_id` in base64url: the assertion, over the digest of what a JWS would be over.",
  },
);
export type WebauthnSignature = Static<typeof WebauthnSignature>;

export const SigningKey = Type.Object(
  {
    kid: Kid,
    principal: Principal,
    alg: Algorithm,
    jwk: Type.Object(
      {
        kty: Type.String(),
        crv: Type.String(),
        x: Type.String(),
        y: Type.Optional(Type.String()),
      },
      closed,
    ),
    thumbprint: Type.String({ description: "RFC 7638, SHA-256." }),
    credential_id: nullable(
      Type.String({ description: "Of a passkey, in base64url; null of a key that signs by JWS." }),
    ),
    proof: nullable(Type.String({ description: "Compact JWS; null of a passkey." })),
    webauthn: nullable(WebauthnSignature),
    status: Type.Enum([...shownKeyStatuses]),
    usable: Type.Boolean({ description: "Whether it may sign now: confirmed, in its time, not revoked." }),
    valid_from: Timestamp,
    valid_until: Timestamp,
    registered_at: Timestamp,
    confirmed_at: nullable(Timestamp),
    confirmed_by: nullable(Principal),
    revoked_at: nullable(Timestamp),
    revoked_by: nullable(Principal),
    revoked_reason: nullable(Type.String()),
  },
  closed,
);
export type SigningKey = Static<typeof SigningKey>;

export const RevokeKeyInput = Type.Object({ reason: Prose(2000, { examples: ["The laptop was lost."] }) }, closed);
export type RevokeKeyInput = Static<typeof RevokeKeyInput>;
