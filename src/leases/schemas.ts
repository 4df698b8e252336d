import Type, { type Static } from "typebox";
import { Principal, Timestamp } from "../kernel/schemas.ts";

export const LeaseName = Type.String({
  pattern: "^[a-z0-9][a-z0-9._-]{0,99}$",
  description: "The C1 build's lease is `lego1-c1-build` (LEASE-3).",
  examples: ["lego1-c1-build"],
});

export const LeaseTtl = Type.Integer({
  minimum: 10,
  maximum: 86_400,
  description: "Seconds; 1800 (30 minutes) if absent.",
  examples: [1800],
});

/** A lease as listed: never with its token (LEASE-1). */
export const Lease = Type.Object(
  {
    name: LeaseName,
    status: Type.Union([Type.Literal("held"), Type.Literal("expired"), Type.Literal("released")]),
    holder: Principal,
    fencing_token: Type.Integer({ minimum: 1 }),
    auth_code: Type.Union([Type.String(), Type.Null()]),
    acquired_at: Timestamp,
    renewed_at: Timestamp,
    expires_at: Timestamp,
    released_at: Type.Union([Timestamp, Type.Null()]),
  },
  { additionalProperties: false },
);
export type Lease = Static<typeof Lease>;

/** What the one who acquires it gets. */
export const AcquiredLease = Type.Object(
  {
    name: LeaseName,
    token: Type.Optional(
      Type.String({
        description: "Shown to the holder alone, while its fence is the current one; never in a dry run.",
      }),
    ),
    fencing_token: Type.Integer({ minimum: 1 }),
    expires_at: Timestamp,
  },
  { additionalProperties: false },
);
export type AcquiredLease = Static<typeof AcquiredLease>;

export const RenewLease = Type.Object(
  { token: Type.String({ pattern: "^cl_[A-Za-z0-9_.-]{1,200}$" }), ttl_seconds: Type.Optional(LeaseTtl) },
  { additionalProperties: false },
);
export type RenewLease = Static<typeof RenewLease>;

export const ReleaseLease = Type.Object(
  { token: Type.String({ pattern: "^cl_[A-Za-z0-9_.-]{1,200}$" }) },
  { additionalProperties: false },
);
export type ReleaseLease = Static<typeof ReleaseLease>;
