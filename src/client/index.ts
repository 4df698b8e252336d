export type { Executed } from "./approvals.ts";
export { Client } from "./client.ts";
export type { ClientCode, GrantCode, ProblemCode, ServiceCode, StepCode } from "./codes.ts";
export { type CurlOptions, toCurl } from "./curl.ts";
export { keyProof, newSigningKey, type PrivateKey, publicPart, signDetached } from "./esign.ts";
export { type DryTransition, type GrantedTransition, LifecycleCalls } from "./lifecycle.ts";
export type { OutgoingRequest, Query } from "./message.ts";
export { type Behaviour, type CallOptions, type ClientOptions, NotSent } from "./options.ts";
export { each, type PageOf, pages } from "./pages.ts";
export { PlanCalls } from "./plans.ts";
export {
  ClientProblem,
  Conflict,
  ExecutionRefused,
  Forbidden,
  GrantRefused,
  Invalid,
  LeaseHeld,
  NotFound,
  RateLimited,
  StepRefused,
  Unauthenticated,
  Unavailable,
  UnknownOutcome,
  Unprocessable,
} from "./problem.ts";
export type { FollowOptions, RunEnd } from "./progress.ts";
export type { QueryOf } from "./queries.ts";
export { SessionCalls } from "./session.ts";
export type * from "./shapes.ts";
export { sign } from "./sign.ts";
export { WebhookCalls } from "./webhooks.ts";
