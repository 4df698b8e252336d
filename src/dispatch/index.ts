export { DispatchProblem } from "./errors.ts";
export { executeRequest } from "./execute.ts";
export type { Outcome } from "./handler.ts";
export { handlerRefs, handlers } from "./registry.ts";
export { requireSyncSignature, type SyncHeaders, signSync, syncKey } from "./sync-signature.ts";
