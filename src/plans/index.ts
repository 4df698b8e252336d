export { type ActContext, commitStep, rehearseStep, rollBackStep, type StepPath } from "./act.ts";
export { PlanProblem } from "./errors.ts";
export { readStepEvidence, type StepEvidence } from "./evidence.ts";
export { listPlans, readPlan } from "./read.ts";
export { commitRecordStep, isRecordStep } from "./record-step.ts";
export { approveStep } from "./records/approve.ts";
export { listCouncilRecords, recordDecision, revokeCouncilRecord } from "./records/council/record.ts";
export { listProposalApprovals, readProposalApproval } from "./records/read.ts";
export {
  expireProposalApprovals,
  revokeEveryProposalApproval,
  revokeProposalApproval,
} from "./records/revoke.ts";
export { readProposalPayload, signProposalApproval } from "./records/sign.ts";
export { registerPlan } from "./register.ts";
export * from "./schemas.ts";
export { approvalStatuses, approvalTransitions, stepTransitions } from "./states.ts";
export type { BackupOptions } from "./step/backup.ts";
export { stepBuilds } from "./step/build.ts";
