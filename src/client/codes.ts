import type { ApprovalProblem } from "../approvals/errors.ts";
import type { BundleProblem } from "../bundles/errors.ts";
import type { DispatchProblem } from "../dispatch/errors.ts";
import type { GrantProblem } from "../grants/errors.ts";
import type { HoldProblem } from "../holds/errors.ts";
import type { IdempotencyProblem } from "../idempotency/errors.ts";
import type { ServiceProblem } from "../kernel/problems.ts";
import type { LeaseProblem } from "../leases/errors.ts";
import type { LifecycleProblem } from "../lifecycle/errors.ts";
import type { PlanFileProblem } from "../plan-file/errors.ts";
import type { PlanProblem } from "../plans/errors.ts";
import type { RehearsalProblem } from "../rehearsals/errors.ts";
import type { RunProblem } from "../runs/errors.ts";
import type { ScopeProblem } from "../scopes/errors.ts";
import type { SessionProblem } from "../sessions/errors.ts";
import type { SignatureProblem } from "../signatures/errors.ts";
import type { WebhookProblem } from "../webhooks/errors.ts";

type CodeOf<Class extends { readonly table: object }> = keyof Class["table"] & string;

/** The codes that a grant is refused with (GRANT-2). */
export type GrantCode = CodeOf<typeof GrantProblem>;
/** The codes that an act on a plan's step is refused with. */
export type StepCode = CodeOf<typeof PlanProblem>;

/** Every code that the service answers with, by the tables that it is built from. */
export type ServiceCode =
  | GrantCode
  | StepCode
  | CodeOf<typeof ApprovalProblem>
  | CodeOf<typeof BundleProblem>
  | CodeOf<typeof DispatchProblem>
  | CodeOf<typeof HoldProblem>
  | CodeOf<typeof IdempotencyProblem>
  | CodeOf<typeof LeaseProblem>
  | CodeOf<typeof LifecycleProblem>
  | CodeOf<typeof PlanFileProblem>
  | CodeOf<typeof RehearsalProblem>
  | CodeOf<typeof RunProblem>
  | CodeOf<typeof ScopeProblem>
  | CodeOf<typeof ServiceProblem>
  | CodeOf<typeof SessionProblem>
  | CodeOf<typeof SignatureProblem>
  | CodeOf<typeof WebhookProblem>;

/** What the client itself says: no answer at all, none to a change, or one that is no answer of the service. */
export type ClientCode = "CONNECTION_LOST" | "UNKNOWN_OUTCOME" | "UNEXPECTED_ANSWER";

/** A code as it may come: a newer service may have more of them. */
export type ProblemCode = ServiceCode | ClientCode | (string & Record<never, never>);
