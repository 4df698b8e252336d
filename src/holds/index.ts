export { HoldProblem } from "./errors.ts";
export { liftHold } from "./lift.ts";
export { placeHold } from "./place.ts";
export { type HoldQuery, listHolds, readHold } from "./read.ts";
export { placedMeanwhile, refuseWhileHeld } from "./refuse.ts";
export { Hold, HoldId, HoldInput, LiftInput } from "./schemas.ts";
export { holdStatuses, holdTransitions } from "./states.ts";
