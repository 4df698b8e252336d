/** Where a grant stands. `consumed`, `revoked` and `expired` are final. */
export const grantStatuses = ["draft", "active", "consumed", "revoked", "expired"] as const;
export type GrantStatus = (typeof grantStatuses)[number];

/** The one transition table: the picture in `docs/states/` is drawn from it and the database's trigger is tested against it. */
export const grantTransitions: Readonly<Record<GrantStatus, readonly { to: GrantStatus; by: string }[]>> = {
  draft: [
    { to: "active", by: "e-sign" },
    { to: "revoked", by: "revoke" },
    { to: "expired", by: "claim-by" },
  ],
  active: [
    { to: "consumed", by: "consume" },
    { to: "revoked", by: "revoke" },
    { to: "expired", by: "claim-by" },
  ],
  consumed: [],
  revoked: [],
  expired: [],
};

export function canBecome(from: GrantStatus, to: GrantStatus): boolean {
  return grantTransitions[from].some((transition) => transition.to === to);
}

export function isLive(status: GrantStatus): boolean {
  return status === "draft" || status === "active";
}

/** The status at the moment `now`: a late sweeper never makes a dead grant look alive (OPEN-3). */
export function grantStatus(grant: { status: GrantStatus; expires_at: Date }, now: Date): GrantStatus {
  return isLive(grant.status) && now.getTime() >= grant.expires_at.getTime() ? "expired" : grant.status;
}
