import Type, { type Static } from "typebox";
import { PlanId, PlanRevision, RecordKind, StepNumber } from "../plan-file/index.ts";
import { Cursor, Digest, Json, Limit, Name, Principal, Prose, Timestamp } from "../kernel/schemas.ts";
import { Root, Run } from "../runs/index.ts";
import { WebauthnSignature } from "../signatures/index.ts";
import { acts, approvalStatuses, outcomes, stepStatuses } from "./states.ts";

const closed = { additionalProperties: false } as const;
const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const ActName = Type.Enum([...acts]);
export const ApprovalCode = Type.String({ pattern: "^M1-[A-Za-z0-9][A-Za-z0-9-]{0,79}$", examples: ["M1-7f3c2a"] });
export const RecordCode = Type.String({ pattern: "^C[12]-[A-Za-z0-9][A-Za-z0-9-]{0,79}$", examples: ["C1-51b0e9"] });

export const PlanParams = Type.Object({ plan_id: PlanId, revision: PlanRevision }, closed);
/** A step's number, as a path has it. */
export const StepParams = Type.Object(
  { plan_id: PlanId, revision: PlanRevision, step: Type.String({ pattern: "^(?:0|[1-9]\\d{0,2})$" }) },
  closed,
);

export const PlanInput = Type.Object(
  {
    source: Type.String({ minLength: 1, maxLength: 1_048_576, description: "The plan file, as it is written: YAML." }),
  },
  closed,
);
export type PlanInput = Static<typeof PlanInput>;

const revision = {
  plan_id: PlanId,
  revision: PlanRevision,
  plan_digest: Digest,
  title: Type.String(),
  target: Type.String(),
  registered_by: Principal,
  registered_at: Timestamp,
};

export const PlanSummary = Type.Object(revision, closed);
export type PlanSummary = Static<typeof PlanSummary>;

export const StepView = Type.Object(
  {
    step: StepNumber,
    name: Type.String(),
    kind: Type.Enum(["sql", "check", "record"]),
    records: Type.Array(RecordKind),
    signed: Type.Boolean(),
    after: Type.Array(StepNumber),
    step_digest: Digest,
    status: Type.Enum([...stepStatuses]),
    act_at: nullable(Timestamp),
    act_by: nullable(Type.String()),
  },
  closed,
);
export type StepView = Static<typeof StepView>;

export const LedgerLine = Type.Object(
  {
    seq: Type.Integer(),
    revision: PlanRevision,
    plan_digest: Digest,
    step: StepNumber,
    step_digest: Digest,
    act: ActName,
    outcome: Type.Enum([...outcomes]),
    idempotency_root: Type.String(),
    approval_code: nullable(Type.String()),
    rehearsal_ref: nullable(Digest),
    entry_fingerprint: nullable(Digest),
    exit_fingerprint: nullable(Digest),
    delta: Json,
    evidence: Json,
    backups: Json,
    documents: Json,
    error: Json,
    recorded_by: Type.String(),
    recorded_at: Timestamp,
  },
  closed,
);
export type LedgerLine = Static<typeof LedgerLine>;

/** What a commit has begun, or done. */
export const StepAct = Type.Object({ run: nullable(Run), line: nullable(LedgerLine) }, closed);
export type StepAct = Static<typeof StepAct>;

export const PlanView = Type.Object(
  {
    ...revision,
    content: Json,
    source: Type.String(),
    steps: Type.Array(StepView),
    ledger: Type.Array(LedgerLine, { description: "Every act on the plan, whatever the revision, oldest first." }),
  },
  closed,
);
export type PlanView = Static<typeof PlanView>;

export const PlanQuery = Type.Object({ plan_id: Type.Optional(PlanId), limit: Limit, cursor: Cursor }, closed);
export type PlanQuery = Static<typeof PlanQuery>;

const work = {
  idempotency_root: Root,
  work_within_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
};

export const RehearseInput = Type.Object({ ...work, act: Type.Optional(ActName) }, closed);
export type RehearseInput = Static<typeof RehearseInput>;

export const Document = Type.Object({ name: Name(120), digest: Digest }, closed);
export const CommitInput = Type.Object(
  {
    ...work,
    approval_code: Type.Optional(ApprovalCode),
    documents: Type.Optional(Type.Array(Document, { maxItems: 50 })),
  },
  closed,
);
export type CommitInput = Static<typeof CommitInput>;

export const RollbackStepInput = Type.Object({ ...work, approval_code: ApprovalCode }, closed);
export type RollbackStepInput = Static<typeof RollbackStepInput>;

const ofStep = { plan_id: PlanId, revision: PlanRevision, step: StepNumber, plan_digest: Digest };

export const ProposalApprovalInput = Type.Object(
  {
    ...ofStep,
    act: ActName,
    rehearsal_ref: Type.Optional(Digest),
    ttl_seconds: Type.Optional(
      Type.Integer({ minimum: 60, maximum: 86_400, description: "Seconds that the record stands; 7200 if absent." }),
    ),
    executor: Type.Optional(Principal),
    reason: Prose(2_000),
  },
  closed,
);
export type ProposalApprovalInput = Static<typeof ProposalApprovalInput>;

export const ProposalApproval = Type.Object(
  {
    approval_code: ApprovalCode,
    ...ofStep,
    act: ActName,
    rehearsal_ref: nullable(Digest),
    signed: Type.Boolean({ description: "Whether the step demands a sovereign's signature." }),
    status: Type.Enum([...approvalStatuses]),
    executor: nullable(Principal),
    reason: Type.String(),
    granted_by: Principal,
    granted_at: Timestamp,
    expires_at: Timestamp,
    consumed_at: nullable(Timestamp),
    consumed_by: nullable(Type.String()),
    idempotency_root: nullable(Type.String()),
    revoked_at: nullable(Timestamp),
    revoked_by: nullable(Type.String()),
    revoked_reason: nullable(Type.String()),
    signature: nullable(
      Type.Object(
        {
          signer: Type.String(),
          kid: Type.String(),
          alg: Type.String(),
          payload: Type.String(),
          jws: nullable(Type.String()),
          webauthn: nullable(WebauthnSignature),
          signed_at: Timestamp,
        },
        closed,
      ),
    ),
  },
  closed,
);
export type ProposalApproval = Static<typeof ProposalApproval>;

/** What a sovereign signs of a record (ESIGN-1). */
export const ProposalPayload = Type.Object(
  {
    act: ActName,
    approval_code: ApprovalCode,
    executor: nullable(Principal),
    expires_at: Timestamp,
    plan_digest: Digest,
    plan_id: PlanId,
    rehearsal_ref: nullable(Digest),
    revision: PlanRevision,
    step: StepNumber,
    target: Type.String(),
    type: Type.Literal("countersign/proposal-signing-payload/v1"),
  },
  closed,
);
export type ProposalPayload = Static<typeof ProposalPayload>;

export const ApprovalQuery = Type.Object(
  {
    plan_id: Type.Optional(PlanId),
    revision: Type.Optional(PlanRevision),
    status: Type.Optional(Type.Enum([...approvalStatuses])),
    limit: Limit,
    cursor: Cursor,
  },
  closed,
);
export type ApprovalQuery = Static<typeof ApprovalQuery>;

export const CouncilRecordInput = Type.Object(
  {
    kind: Type.Enum(["C-1", "C-2"]),
    ...ofStep,
    decision: Prose(4_000),
    document_digest: Type.Optional(Digest),
  },
  closed,
);
export type CouncilRecordInput = Static<typeof CouncilRecordInput>;

export const CouncilRecord = Type.Object(
  {
    record_code: RecordCode,
    kind: Type.Enum(["C-1", "C-2"]),
    ...ofStep,
    decision: Type.String(),
    document_digest: nullable(Digest),
    recorded_by: Principal,
    recorded_at: Timestamp,
    revoked_at: nullable(Timestamp),
    revoked_by: nullable(Type.String()),
    revoked_reason: nullable(Type.String()),
  },
  closed,
);
export type CouncilRecord = Static<typeof CouncilRecord>;

export const CouncilQuery = Type.Object(
  { plan_id: Type.Optional(PlanId), revision: Type.Optional(PlanRevision), limit: Limit, cursor: Cursor },
  closed,
);
export type CouncilQuery = Static<typeof CouncilQuery>;
