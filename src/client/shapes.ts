/**
 * What the service takes and answers, by the shapes that it checks both with. Only types, and only from the files that
 * hold shapes: these stand on the schema library alone, so that the published types need nothing of the service.
 */
export type {
  ActionType,
  ActionTypeInput,
  ApprovalRequest,
  ApprovalRequestInput,
  ApprovalRequestSummary,
  ProposedAction,
  Risk,
  VoteInput,
  VoteReceipt,
} from "../approvals/schemas.ts";
export type { Diagnosis, Finding } from "../doctor/schemas.ts";
export type {
  ConsistencyProof,
  InclusionProof,
  LogCheckpoint,
  LogLeaf,
  LogLeaves,
} from "../evidence/log/schemas.ts";
export type { AuditEvent } from "../evidence/schemas.ts";
export type {
  BindingsInput,
  ConsumeInput,
  Grant,
  Receipt,
  RevokeInput,
  Signature,
  Verdict,
} from "../grants/schemas.ts";
export type { Hold, HoldInput, LiftInput } from "../holds/schemas.ts";
export type { InputError } from "../kernel/problem.ts";
export type { AcquiredLease, Lease, ReleaseLease, RenewLease } from "../leases/schemas.ts";
export type { CloseOut } from "../lifecycle/close-out/schemas.ts";
export type { ReviewDecision, ReviewDecisionInput } from "../lifecycle/decisions/schemas.ts";
export type { Baseline, BaselineInput } from "../lifecycle/gateway/baselines/schemas.ts";
export type { Incident, WatchReport } from "../lifecycle/incidents/schemas.ts";
export type { TransitionName } from "../lifecycle/schemas.ts";
export type { Manifest, ManifestInput, Outcome, TransitionRequest } from "../lifecycle/transitions/schemas.ts";
export type { LogLine, Unit } from "../lifecycle/units/schemas.ts";
export type { VerificationReport } from "../lifecycle/verification/schemas.ts";
export type {
  CommitInput,
  CouncilRecord,
  CouncilRecordInput,
  LedgerLine,
  PlanSummary,
  PlanView,
  ProposalApproval,
  ProposalApprovalInput,
  RehearseInput,
  RollbackStepInput,
  StepAct,
  StepView,
} from "../plans/schemas.ts";
export type { Rehearsal } from "../rehearsals/schemas.ts";
export type {
  BuildView,
  Digests,
  RollbackInput,
  Run,
  RunError,
  RunEvent,
  RunInput,
  RunSummary,
  StateView,
} from "../runs/schemas.ts";
export type { Scope, ScopeInput } from "../scopes/schemas.ts";
export type { Session, SignIn } from "../sessions/schemas.ts";
export type { EsignInput, RevokeKeyInput, SigningKey, SigningKeyInput } from "../signatures/schemas.ts";
export type { Delivery, Webhook, WebhookInput, WebhookMessage, WebhookWithSecret } from "../webhooks/schemas.ts";
