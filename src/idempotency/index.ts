export { answerOnce, type Claim, forgetOldAnswers, isLasting, type Outcome, requireValidKey } from "./claim.ts";
export { IdempotencyProblem } from "./errors.ts";
export type { StoredAnswer } from "./store.ts";
