/** A hold stands until it is lifted, once and for good. */
export const holdStatuses = ["standing", "lifted"] as const;
export type HoldStatus = (typeof holdStatuses)[number];

export const holdTransitions: Readonly<Record<HoldStatus, readonly { to: HoldStatus; by: string }[]>> = {
  standing: [{ to: "lifted", by: "lift" }],
  lifted: [],
};

export function holdStatus(hold: { lifted_at: Date | null }): HoldStatus {
  return hold.lifted_at === null ? "standing" : "lifted";
}
