import Type, { type Static } from "typebox";
import { ActionSet, AprCode } from "../approvals/index.ts";
import { Digest, Json, Name, Principal, Prose, Timestamp } from "../kernel/schemas.ts";
import { AcquiredLease, LeaseName, LeaseTtl } from "../leases/index.ts";
import { Algorithm, Kid, WebauthnSignature } from "../signatures/index.ts";
import { grantStatuses } from "./states.ts";

const closed = { additionalProperties: false } as const;
const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const AuthCode = Type.String({
  pattern: "^GBA-[A-Za-z0-9_]{1,40}-[A-Za-z0-9][A-Za-z0-9._-]{0,119}$",
  examples: ["GBA-C1-APR-2026-0001"],
});
export const GrantStatus = Type.Enum([...grantStatuses]);
export const Mode = Type.Enum(["dry-run", "commit"], { description: "`commit` if absent: silence fails closed." });

const bindings = {
  mode: Type.Optional(Mode),
  carrier: Name(40, { examples: ["C1"] }),
  plan_id: Name(200, { examples: ["LEGO1-C1-CANOPVOCAB-PLAN"] }),
  plan_revision: Name(80, { examples: ["3"] }),
  manifest_digest: Digest,
  schema_digest: Digest,
  environment: Name(120, { examples: ["rehearsal"] }),
  executor: Principal,
  action_set: ActionSet,
  rollback_plan_ref: Name(200, { examples: ["DOT_C1_ROLLBACK_CHECK"] }),
};

/** What the verifier takes (GRANT-1). */
export const BindingsInput = Type.Object(bindings, closed);
export type BindingsInput = Static<typeof BindingsInput>;

export const IdempotencyRoot = Name(200, {
  description: "Names the run that burns the grant. The same executor with the same root gets the same receipt again.",
  examples: ["c1-vocabulary-2026-06-23-1"],
});

export const ConsumeInput = Type.Object(
  {
    ...bindings,
    idempotency_root: IdempotencyRoot,
    lease: Type.Optional(Type.Object({ name: LeaseName, ttl_seconds: Type.Optional(LeaseTtl) }, closed)),
  },
  closed,
);
export type ConsumeInput = Static<typeof ConsumeInput>;

/** What is left of a consumption: the same answer for the same executor and root, for ever (GRANT-3). */
export const Receipt = Type.Object(
  {
    auth_code: AuthCode,
    consumed_at: Timestamp,
    consumed_by: Principal,
    idempotency_root: Type.String(),
    replayed: Type.Boolean(),
    lease: Type.Optional(AcquiredLease),
  },
  closed,
);
export type Receipt = Static<typeof Receipt>;

export const Verdict = Type.Object(
  {
    verdict: Type.Literal("valid"),
    auth_code: AuthCode,
    mode: Mode,
    target: Type.String(),
    request_ref: AprCode,
    granted_at: Timestamp,
    expires_at: Timestamp,
    on_hold: Type.Boolean({
      description: "Whether an emergency stop stands: then a consume is refused until it is lifted.",
    }),
    checked_at: Timestamp,
  },
  closed,
);
export type Verdict = Static<typeof Verdict>;

export const RevokeInput = Type.Object({ reason: Prose(2000, { examples: ["The manifest is out of date."] }) }, closed);
export type RevokeInput = Static<typeof RevokeInput>;

/** The sovereign's signature, and the key as it was when it signed: enough to check it without the service (ESIGN-3). */
export const Signature = Type.Object(
  {
    signer: Principal,
    kid: Kid,
    alg: Algorithm,
    jwk: Json,
    key_valid_from: Timestamp,
    key_valid_until: Timestamp,
    key_confirmed_by: Principal,
    key_confirmed_at: Timestamp,
    key_revoked_at: nullable(Timestamp),
    payload: Type.String({ description: "The bytes that were signed, as text." }),
    payload_digest: Digest,
    jws: nullable(
      Type.String({ description: "Detached: `<protected>..<signature>`; null where a passkey has signed." }),
    ),
    webauthn: nullable(WebauthnSignature),
    signed_at: Timestamp,
  },
  closed,
);
export type Signature = Static<typeof Signature>;

/** What a sovereign signs (ESIGN-1). Served in its RFC 8785 form, byte for byte. */
export const SigningPayload = Type.Object(
  {
    apr_digest: Digest,
    auth_code: AuthCode,
    bindings: Type.Object({ action_set: Type.Array(Type.String()) }, { additionalProperties: Type.String() }),
    database: Type.String(),
    expires_at: Timestamp,
    mode: Type.Literal("commit"),
    rehearsal_ref: nullable(Digest),
    type: Type.Literal("countersign/grant-signing-payload/v1"),
  },
  closed,
);
export type SigningPayload = Static<typeof SigningPayload>;

/** A grant: table `governance_build_authorization`. */
export const Grant = Type.Object(
  {
    auth_code: AuthCode,
    status: GrantStatus,
    mode: Mode,
    request_ref: AprCode,
    bindings: Type.Object(
      {
        carrier: Type.String(),
        namespace: Type.String(),
        axis: Type.String(),
        target: Type.String(),
        environment: Type.String(),
        plan_id: Type.String(),
        plan_revision: Type.String(),
        manifest_digest: Digest,
        schema_digest: Digest,
        executor: Principal,
        action_set: Type.Array(Type.String()),
        rollback_plan_ref: Type.String(),
        database: Type.Optional(Type.String()),
        lease_name: Type.Optional(Type.String()),
      },
      closed,
    ),
    commit_allowed: Type.Boolean(),
    requires_sovereign_esign: Type.Boolean(),
    sovereign_esign_ref: nullable(Type.String()),
    signature: Type.Optional(nullable(Signature)),
    approval_ref: Json,
    evidence: Json,
    granted_at: Timestamp,
    granted_by: Type.String(),
    expires_at: Timestamp,
    consumed_at: nullable(Timestamp),
    consumed_by: nullable(Type.String()),
    idempotency_root: nullable(Type.String()),
    revoked_at: nullable(Timestamp),
    revoked_by: nullable(Type.String()),
    revoked_reason: nullable(Type.String()),
  },
  closed,
);
export type Grant = Static<typeof Grant>;
