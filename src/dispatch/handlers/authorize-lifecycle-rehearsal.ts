import { dryRunHandler } from "../dry-run.ts";

/**
 * Mints the dry-run grant of a lifecycle run. A handler of its own, as no payload reaches another carrier through the one
 * of the C1 vocabulary (MINT-7, LIFE-6).
 */
export const authorizeLifecycleRehearsal = dryRunHandler({
  actionCode: "authorize_lifecycle_rehearsal",
  summary: "Mints the dry-run grant of an enactment, a supersession or a retirement of units.",
  place: { carrier: "IU", namespace: "DRYRUN-NS", axis: "dot:iu:lifecycle" },
  targets: ["IU_LIFECYCLE_ENACT", "IU_LIFECYCLE_SUPERSEDE", "IU_LIFECYCLE_RETIRE"],
  elsewhere: "FAIL:reject_scope_not_iu_dryrun",
});
