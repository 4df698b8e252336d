import Type, { type Static } from "typebox";
import { Digest, Json, Name, Principal, Prose, Timestamp } from "../kernel/schemas.ts";
import { risks } from "./quorum.ts";
import { requestStatuses } from "./states.ts";

const closed = { additionalProperties: false } as const;

export const AprCode = Type.String({
  pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$",
  description: "The key of the request; the code of its grant is made from it.",
  examples: ["APR-2026-0001"],
});
export const ActionCode = Type.String({ pattern: "^[a-z][a-z0-9_]{0,79}$", examples: ["authorize_build_step"] });
export const Risk = Type.Enum([...risks]);
export type Risk = Static<typeof Risk>;
export const RequestStatus = Type.Enum([...requestStatuses]);

export const ActionSet = Type.Array(Name(120), {
  minItems: 1,
  maxItems: 64,
  uniqueItems: true,
  examples: [["dot_iu_create_collection", "staging_consume"]],
});

/**
 * What the grant will be bound to. All of it may be missing here: what an action needs is its handler's to say, at
 * execution, so that the refusal is on record (APR-9).
 */
export const ProposedAction = Type.Object(
  {
    carrier: Type.Optional(Name(40, { examples: ["C1"] })),
    namespace: Type.Optional(Name(120, { examples: ["DRYRUN-NS"] })),
    axis: Type.Optional(Name(120, { examples: ["dot:c1:vocab"] })),
    target: Type.Optional(Name(120, { examples: ["DOT_C1_VOCAB_BUILD"] })),
    environment: Type.Optional(Name(120, { examples: ["rehearsal"] })),
    executor: Type.Optional(Principal),
    plan_id: Type.Optional(Name(200, { examples: ["LEGO1-C1-CANOPVOCAB-PLAN"] })),
    plan_revision: Type.Optional(Name(80, { examples: ["3"] })),
    plan_ref: Type.Optional(Name(400, { examples: ["plans/c1-vocabulary.yaml"] })),
    step_name: Type.Optional(Name(120, { examples: ["C1_VOCAB_BUILD"] })),
    manifest_digest: Type.Optional(Digest),
    schema_digest: Type.Optional(Digest),
    action_set: Type.Optional(ActionSet),
    rollback_plan_ref: Type.Optional(Name(200, { examples: ["DOT_C1_ROLLBACK_CHECK"] })),
    rehearsal_ref: Type.Optional(Digest),
    rolls_back: Type.Optional(
      Name(200, { description: "Of a rollback: the idempotency_root of the finished run (RUN-6)." }),
    ),
    ttl_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2_147_483_647,
        description: "Seconds that the grant lives; clamped to 60..86400, 7200 if absent (MINT-4).",
        examples: [7200],
      }),
    ),
    owner_principal: Type.Optional(Principal),
  },
  closed,
);
export type ProposedAction = Static<typeof ProposedAction>;

/** An approval request as posted (APR-1). */
export const ApprovalRequestInput = Type.Object(
  {
    apr_code: AprCode,
    title: Prose(200, { examples: ["Rehearse the C1 vocabulary build"] }),
    justification: Prose(4000, { examples: ["Gate B evidence for the C1 vocabulary."] }),
    proposed_action_code: ActionCode,
    risk: Risk,
    commit: Type.Boolean({ description: "The documents' COMMIT. Must be present: absent is not `false`." }),
    decide_within_seconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 7_776_000,
        description: "How long the request may be decided; the service has a default.",
      }),
    ),
    proposed_action: ProposedAction,
  },
  closed,
);
export type ApprovalRequestInput = Static<typeof ApprovalRequestInput>;

export const QuorumState = Type.Object(
  {
    required: Type.Integer(),
    approvals: Type.Integer(),
    council_required: Type.Integer(),
    council_approvals: Type.Integer(),
    rejections: Type.Integer(),
    passed: Type.Boolean(),
  },
  closed,
);

export const Decision = Type.Enum(["approve", "reject"]);

export const VoteInput = Type.Object(
  {
    decision: Decision,
    apr_digest: Digest,
    reason: Prose(2000, { examples: ["The rehearsal scope is right."] }),
  },
  closed,
);
export type VoteInput = Static<typeof VoteInput>;

export const Vote = Type.Object(
  {
    voter: Principal,
    decision: Decision,
    council: Type.Boolean(),
    reason: Type.String(),
    apr_digest: Digest,
    voted_at: Timestamp,
  },
  closed,
);

export const VoteReceipt = Type.Object(
  { apr_code: AprCode, status: RequestStatus, vote: Vote, quorum: QuorumState },
  closed,
);
export type VoteReceipt = Static<typeof VoteReceipt>;

const summary = {
  apr_code: AprCode,
  apr_digest: Digest,
  status: RequestStatus,
  title: Type.String(),
  proposed_action_code: ActionCode,
  risk: Risk,
  requested_by: Principal,
  created_at: Timestamp,
  decide_by: Timestamp,
  result: Type.Union([Type.String(), Type.Null()]),
  result_at: Type.Union([Timestamp, Type.Null()]),
  auth_code: Type.Union([Type.String(), Type.Null()]),
  quorum: QuorumState,
};

/** A request in a list. */
export const ApprovalRequestSummary = Type.Object(summary, closed);
export type ApprovalRequestSummary = Static<typeof ApprovalRequestSummary>;

/** A request whole: what is approved, who decided, who still may and why others may not (OPEN-8). */
export const ApprovalRequest = Type.Object(
  {
    ...summary,
    request: Json,
    votes: Type.Array(Vote),
    deciders: Type.Object(
      {
        may_vote: Type.Array(Principal),
        may_not: Type.Array(Type.Object({ principal: Principal, why: Type.String() }, closed)),
      },
      closed,
    ),
  },
  closed,
);
export type ApprovalRequest = Static<typeof ApprovalRequest>;

export const ActionTypeInput = Type.Object(
  {
    handler_ref: Name(200, { examples: ["dot-apr-execute:authorize_build_step", "unimplemented"] }),
    risk_level: Risk,
    quorum: Type.Integer({ minimum: 1, maximum: 50 }),
    council_quorum: Type.Optional(Type.Integer({ minimum: 0, maximum: 50 })),
    status: Type.Optional(Type.Enum(["active", "retired"])),
  },
  closed,
);
export type ActionTypeInput = Static<typeof ActionTypeInput>;

export const ActionType = Type.Object(
  {
    action_code: ActionCode,
    handler_ref: Type.String(),
    risk_level: Risk,
    quorum: Type.Integer(),
    council_quorum: Type.Integer(),
    status: Type.Enum(["active", "retired"]),
    origin: Type.String(),
    retired_at: Type.Union([Timestamp, Type.Null()]),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  closed,
);
export type ActionType = Static<typeof ActionType>;
