export { type Authority, adoptLease, type RunEnding, type RunLease } from "./authority.ts";
export type { AnyBuild, Build, BuildDigests, Detail, StateDeclaration, Undoing, Work } from "./build.ts";
export { builds } from "./builds/index.ts";
export { digestsOf, listBuilds } from "./digests.ts";
export { RunProblem } from "./errors.ts";
export { type Opening, openedRun, openRun, standingRun } from "./open.ts";
export { type MarkedRun, type MarkerRow, readMarkedRuns, readMarkers } from "./markers/store.ts";
export { type StateRow, selectStates } from "./progress/store.ts";
export { parkRuns, releaseParkedRuns } from "./park.ts";
export { listRuns, presentRun, readEvents, type RunQuery } from "./read.ts";
export { resumeRun } from "./resume.ts";
export {
  BuildName,
  BuildView,
  Digests,
  DigestsInput,
  RollbackInput,
  Root,
  Run,
  RunAuthCode,
  RunEvent,
  RunInput,
  RunningChoice,
  RunStatusName,
  RunSummary,
  TargetName,
} from "./schemas.ts";
export { makeRuns, type RunServices, type Runs, type RunsOptions } from "./services.ts";
export { startRollback, startRun } from "./start.ts";
export { isUnderWay, runTransitions } from "./states.ts";
export { isOfRun, requestStop } from "./stop.ts";
export { findRun, readInput, type RunRow } from "./store.ts";
export { openTargets, type Targets } from "./targets.ts";
export { watchRun } from "./watch.ts";
export type { Builds } from "./input.ts";
