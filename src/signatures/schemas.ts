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

export const SigningKeyInput = Type.Object(
  {
    kid: Kid,
    jwk: PublicJwk,
    valid_from: Type.Optional(TimestampInput),
    valid_until: Type.Optional(TimestampInput),
    proof: Type.String({
      minLength: 1,
      maxLength: 4_096,
      description:
        'Compact JWS by this key, header exactly `alg` and `kid`, over the RFC 8785 form of `{"kid": …, "principal": …, "purpose": "register-signing-key"}`.',
    }),
  },
  closed,
);
export type SigningKeyInput = Static<typeof SigningKeyInput>;

const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

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
    proof: Type.String(),
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
