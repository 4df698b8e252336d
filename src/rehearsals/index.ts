export { RehearsalProblem } from "./errors.ts";
export { readRehearsal, rehearsalNamed, rehearsalOfRun } from "./read.ts";
export { type RehearsalContent, type RehearsedBindings, recordRehearsal } from "./record.ts";
export { Rehearsal } from "./schemas.ts";
export { findStanding, requireFresh, requireUnmoved, type Sighting, type Sightings, type Standpoint } from "./stand.ts";
export { findRehearsal, type RehearsalRow } from "./store.ts";
