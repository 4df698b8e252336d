import Type, { type Static } from "typebox";
import { Name, Prose } from "../../../kernel/schemas.ts";

const closed = { additionalProperties: false } as const;

export const OperationCode = Type.String({
  pattern: "^[a-z][a-z0-9_]*(?:[.:-][a-z0-9_]+)*$",
  maxLength: 120,
  examples: ["grants.consume"],
});
export const ProtocolVersion = Type.String({
  pattern: "^(?:0|[1-9][0-9]{0,8})(?:\\.(?:0|[1-9][0-9]{0,8})){0,2}$",
  description: "A string, each part without leading zeros: `1`, `1.10`.",
  examples: ["1"],
});

export const Entry = Type.Object(
  { operation_code: OperationCode, protocol_version: ProtocolVersion, description: Prose(1000) },
  closed,
);
export type Entry = Static<typeof Entry>;

/** The most values that one manifest may have. */
export const mostEntries = 20_000;

/** What the C1 vocabulary build takes (RUN-4). */
export const C1Input = Type.Object(
  { manifest: Type.Object({ entries: Type.Array(Entry, { minItems: 1, maxItems: mostEntries }) }, closed) },
  closed,
);
export type C1Input = Static<typeof C1Input>;

/**
 * One step of a rollback. What makes a step inadmissible has a code of its own (RBP-1 to RBP-10), so the schema lets it in
 * as far as the admission that refuses it.
 */
export const RollbackStep = Type.Object(
  {
    act: Name(40, { description: "`retire`, `supersede` or `restore`.", examples: ["retire"] }),
    collection: Type.Optional(
      Name(120, { description: "The build's own if absent.", examples: ["c1.operation_vocabulary"] }),
    ),
    operation_code: OperationCode,
    protocol_version: Type.Optional(ProtocolVersion),
    successor: Type.Optional(
      Type.Object({ operation_code: OperationCode, protocol_version: Type.Optional(ProtocolVersion) }, closed),
    ),
    rollback_ref: Type.Optional(Name(200, { examples: ["DOT_C1_ROLLBACK_CHECK"] })),
    reason: Prose(1000),
  },
  closed,
);
export type RollbackStep = Static<typeof RollbackStep>;

/** What the rollback of a C1 vocabulary build takes (RUN-6). */
export const C1RollbackInput = Type.Object(
  {
    rolls_back: Name(200, { description: "The idempotency_root of the finished run." }),
    steps: Type.Array(RollbackStep, { minItems: 1, maxItems: 2_000 }),
  },
  closed,
);
export type C1RollbackInput = Static<typeof C1RollbackInput>;
