/** What a signing key may become. Confirmed by the council, revoked by its owner or an administrator (ESIGN-4). */
export const keyStatuses = ["pending", "active", "revoked"] as const;
export type KeyStatus = (typeof keyStatuses)[number];

/** `expired` is never stored: it is what the clock makes of a key. */
export const shownKeyStatuses = [...keyStatuses, "expired"] as const;
export type ShownKeyStatus = (typeof shownKeyStatuses)[number];

export const keyTransitions: Readonly<Record<ShownKeyStatus, readonly { to: ShownKeyStatus; by: string }[]>> = {
  pending: [
    { to: "active", by: "confirm (council)" },
    { to: "revoked", by: "revoke" },
    { to: "expired", by: "time" },
  ],
  active: [
    { to: "revoked", by: "revoke" },
    { to: "expired", by: "time" },
  ],
  expired: [{ to: "revoked", by: "revoke" }],
  revoked: [],
};

/** The status at the moment `now`, by the database's clock. */
export function keyStatus(key: { status: KeyStatus; valid_until: Date }, now: Date): ShownKeyStatus {
  return key.status !== "revoked" && now.getTime() >= key.valid_until.getTime() ? "expired" : key.status;
}
