import type { Handler } from "./handler.ts";
import { authorizeBuildStep } from "./handlers/authorize-build-step.ts";
import { authorizeLifecycleRehearsal } from "./handlers/authorize-lifecycle-rehearsal.ts";
import { authorizeRollback } from "./handlers/authorize-rollback.ts";
import { authorizeSovereignBuild } from "./handlers/authorize-sovereign-build.ts";

/** Every handler that the service has; `docs/adding-an-action.md` says what a new one needs. */
export const handlers: readonly Handler[] = [
  authorizeBuildStep,
  authorizeLifecycleRehearsal,
  authorizeSovereignBuild,
  authorizeRollback,
];

const byRef = new Map(handlers.map((handler) => [handler.handlerRef, handler]));

/** The handler references that an action type may name. */
export const handlerRefs: ReadonlySet<string> = new Set(byRef.keys());

export function findHandler(handlerRef: string): Handler | undefined {
  return byRef.get(handlerRef);
}
