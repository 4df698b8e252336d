export { ScopeProblem } from "./errors.ts";
export { listScopes, type ScopeQuery } from "./read.ts";
export { registerScope } from "./register.ts";
export { retireScope } from "./retire.ts";
export { Scope, ScopeInput } from "./schemas.ts";
export { scopeStatuses, scopeTransitions } from "./states.ts";
export { activeScopes, findActiveScope, type ScopeRow } from "./store.ts";
