/** The statuses of an M-1 record, and what each may become: the database holds the same table. */
export const approvalStatuses = ["draft", "active", "consumed", "revoked", "expired"] as const;
export type ApprovalStatus = (typeof approvalStatuses)[number];

export const approvalTransitions: Readonly<Record<ApprovalStatus, readonly { to: ApprovalStatus; by: string }[]>> = {
  draft: [
    { to: "active", by: "e-sign" },
    { to: "revoked", by: "revoke" },
    { to: "expired", by: "time" },
  ],
  active: [
    { to: "consumed", by: "the step's run" },
    { to: "revoked", by: "revoke" },
    { to: "expired", by: "time" },
  ],
  consumed: [],
  revoked: [],
  expired: [],
};

/** The status as it is at a moment: no late sweeper makes a dead record look alive (OPEN-3). */
export function approvalStatus(row: { status: ApprovalStatus; expires_at: Date }, now: Date): ApprovalStatus {
  const live = row.status === "draft" || row.status === "active";
  return live && now.getTime() >= row.expires_at.getTime() ? "expired" : row.status;
}

export const acts = ["commit", "rollback"] as const;
/** What is done with a step. */
export type Act = (typeof acts)[number];

/** What an act has come to. */
export const outcomes = [
  "rehearsed",
  "rehearsal_failed",
  "committed",
  "rolled_back",
  "retired",
  "failed",
  "contradicted",
  "undone",
] as const;
export type Outcome = (typeof outcomes)[number];

/** Where a step stands: what the last line that touched the target says of it. */
export const stepStatuses = ["open", "committed", "rolled_back", "retired", "contradicted"] as const;
export type StepStatus = (typeof stepStatuses)[number];

/** How a step moves: only an act that has touched the target moves it. */
export const stepTransitions: Readonly<Record<StepStatus, readonly { to: StepStatus; by: string }[]>> = {
  open: [
    { to: "committed", by: "commit" },
    { to: "contradicted", by: "commit (verify failed)" },
  ],
  committed: [
    { to: "rolled_back", by: "rollback" },
    { to: "retired", by: "rollback (retire)" },
    { to: "contradicted", by: "rollback (verify failed)" },
  ],
  rolled_back: [{ to: "committed", by: "commit" }],
  retired: [],
  contradicted: [
    { to: "rolled_back", by: "rollback" },
    { to: "retired", by: "rollback (retire)" },
  ],
};

/** What a line of the ledger makes of its step; undefined where the target is as it was. */
export function statusAfter(outcome: Outcome): StepStatus | undefined {
  switch (outcome) {
    case "committed":
    case "rolled_back":
    case "retired":
    case "contradicted":
      return outcome;
    case "undone":
      return "rolled_back";
    case "rehearsed":
    case "rehearsal_failed":
    case "failed":
      return undefined;
  }
}
