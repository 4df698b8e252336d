export { type AuditVerdict, verifyAudit } from "./audit/verify.ts";
export { RecoveryProblem } from "./errors.ts";
export { type FailoverRule, type Noticed, noticeRestore } from "./notice.ts";
export { type Recovered, type RecoverOptions, recover } from "./recover.ts";
export type { LostRun, RecoveryReport } from "./report.ts";
export { type LookedAt, lookAtTarget } from "./targets.ts";
