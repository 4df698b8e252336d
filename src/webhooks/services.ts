import { type TargetGuard, targetGuard, type TargetPolicy } from "./send/guard.ts";

/** What the verbs need of the configuration. */
export interface WebhookServices {
  readonly guard: TargetGuard;
  /** How long a former secret goes on signing. */
  readonly overlapSeconds: number;
}

export function makeWebhookServices(policy: TargetPolicy, overlapSeconds: number): WebhookServices {
  return { guard: targetGuard(policy), overlapSeconds };
}
