/** A lease is free when it was never taken, was released, or has lapsed; the row stays, and with it the fence. */
export const leaseStatuses = ["held", "expired", "released"] as const;
export type LeaseStatus = (typeof leaseStatuses)[number];

export const leaseTransitions: Readonly<Record<LeaseStatus, readonly { to: LeaseStatus; by: string }[]>> = {
  held: [
    { to: "held", by: "renew" },
    { to: "released", by: "release" },
    { to: "expired", by: "time" },
  ],
  expired: [{ to: "held", by: "take over (fence + 1)" }],
  released: [{ to: "held", by: "acquire (fence + 1)" }],
};

/** The status at the moment `now`, all three by the database's clock. */
export function leaseStatus(lease: { expires_at: Date; released_at: Date | null }, now: Date): LeaseStatus {
  if (lease.released_at !== null) return "released";
  return now.getTime() < lease.expires_at.getTime() ? "held" : "expired";
}
