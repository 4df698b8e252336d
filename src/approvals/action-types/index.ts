export { configureActionType, electorate, reachable, unimplemented } from "./configure.ts";
export { listActionTypes, readActionType } from "./list.ts";
export { activeActionTypes, findActionType } from "./store.ts";
