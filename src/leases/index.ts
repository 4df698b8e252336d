export { acquireLease, defaultLeaseSeconds, showLeaseAgain } from "./acquire.ts";
export { LeaseProblem } from "./errors.ts";
export { holdFence, raiseFence } from "./fence/fence.ts";
export type { Fence } from "./fence/store.ts";
export { releaseLease, renewLease } from "./keep.ts";
export { listLeases, readLease } from "./list.ts";
export { AcquiredLease, Lease, LeaseName, LeaseTtl, ReleaseLease, RenewLease } from "./schemas.ts";
export { leaseTransitions } from "./states.ts";
export { bindLease, lockLease } from "./store.ts";
