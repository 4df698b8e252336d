import type { LifecycleStatus } from "./schemas.ts";

/** An incident is resolved once; what is still there opens another. */
export const incidentStatuses = ["open", "resolved"] as const;
export type IncidentStatus = (typeof incidentStatuses)[number];

export const incidentTransitions: Readonly<Record<IncidentStatus, readonly { to: IncidentStatus; by: string }[]>> = {
  open: [{ to: "resolved", by: "resolve" }],
  resolved: [],
};

/**
 * What the gateway of a target lets a version become. A unit is as the version that it stands for: superseded, it is enacted
 * still, and stands for the next one.
 */
export const versionTransitions: Readonly<Record<LifecycleStatus, readonly { to: LifecycleStatus; by: string }[]>> = {
  draft: [
    { to: "enacted", by: "fn_iu_enact, fn_iu_supersede" },
    { to: "retired", by: "fn_iu_retire" },
  ],
  enacted: [
    { to: "superseded", by: "fn_iu_supersede" },
    { to: "retired", by: "fn_iu_retire" },
  ],
  superseded: [{ to: "retired", by: "fn_iu_retire" }],
  retired: [],
};
