import Type, { type Static } from "typebox";
import { Cursor, Limit, Timestamp } from "../../kernel/schemas.ts";
import { Address, AddressPrefix, DatabaseName, LifecycleStatus, Uuid } from "../schemas.ts";

const closed = { additionalProperties: false } as const;
const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

/** A unit with the version that it stands for. */
export const Unit = Type.Object(
  {
    canonical_address: Type.String(),
    unit_id: Uuid,
    title: nullable(Type.String()),
    lifecycle_status: Type.String(),
    version_id: nullable(Uuid),
    version_seq: nullable(Type.Integer()),
    version_status: nullable(Type.String()),
    version_digest: nullable(Type.String({ description: "`content_digest` of the version." })),
    enacted_at: nullable(Timestamp),
    newest_version_id: nullable(Uuid),
    newest_version_seq: nullable(Type.Integer({ description: "Higher than `version_seq` where a draft waits." })),
    newest_version_status: nullable(Type.String()),
    newest_version_digest: nullable(Type.String()),
  },
  closed,
);
export type Unit = Static<typeof Unit>;

export const UnitQuery = Type.Object(
  {
    database: DatabaseName,
    status: Type.Optional(LifecycleStatus),
    address_prefix: Type.Optional(AddressPrefix),
    limit: Limit,
    cursor: Cursor,
  },
  closed,
);
export type UnitQuery = Static<typeof UnitQuery>;

/** A line of `iu_lifecycle_log`. */
export const LogLine = Type.Object(
  {
    log_id: Type.Integer(),
    canonical_address: Type.String(),
    unit_id: Uuid,
    version_id: nullable(Uuid),
    transition_type: Type.String(),
    from_status: nullable(Type.String()),
    to_status: nullable(Type.String()),
    actor: Type.String(),
    review_decision_id: nullable(Uuid),
    change_set_id: nullable(Uuid),
    reason: nullable(Type.String()),
    run_ref: nullable(Type.String({ description: "The idempotency_root of the run." })),
    version_digest: nullable(Type.String()),
    session_role: Type.String(),
    at: Timestamp,
  },
  closed,
);
export type LogLine = Static<typeof LogLine>;

export const LogQuery = Type.Object(
  {
    database: DatabaseName,
    canonical_address: Type.Optional(Address),
    run_ref: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    limit: Limit,
    cursor: Cursor,
  },
  closed,
);
export type LogQuery = Static<typeof LogQuery>;
