export { Client, type Executed } from "./client.ts";
export { keyProof, newSigningKey, type PrivateKey, publicPart, signDetached } from "./esign.ts";
export { type DryTransition, type GrantedTransition, LifecycleCalls } from "./lifecycle.ts";
export { type PageOf, PlanCalls } from "./plans.ts";
export { ClientProblem } from "./problem.ts";
export type { RunEnd } from "./progress.ts";
export { sign } from "./sign.ts";
export type { CallOptions, Query } from "./transport.ts";
