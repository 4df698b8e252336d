/** Where an approval request stands. `rejected`, `withdrawn`, `expired` and `executed` are final. */
export const requestStatuses = ["open", "approved", "rejected", "withdrawn", "expired", "executed"] as const;
export type RequestStatus = (typeof requestStatuses)[number];

/** The one transition table: the picture in `docs/states/` is drawn from it and the database's trigger is tested against it. */
export const requestTransitions: Readonly<Record<RequestStatus, readonly { to: RequestStatus; by: string }[]>> = {
  open: [
    { to: "approved", by: "vote (quorum)" },
    { to: "rejected", by: "vote (reject)" },
    { to: "withdrawn", by: "withdraw" },
    { to: "expired", by: "decide-by" },
  ],
  approved: [
    { to: "executed", by: "execute (OK)" },
    { to: "rejected", by: "vote (reject)" },
    { to: "withdrawn", by: "withdraw" },
    { to: "expired", by: "decide-by" },
  ],
  rejected: [],
  withdrawn: [],
  expired: [],
  executed: [],
};

export function canBecome(from: RequestStatus, to: RequestStatus): boolean {
  return requestTransitions[from].some((transition) => transition.to === to);
}

/** The status at the moment `now`: a late sweeper never makes a dead request look alive (OPEN-3). */
export function requestStatus(request: { status: RequestStatus; decide_by: Date }, now: Date): RequestStatus {
  const undecided = request.status === "open" || request.status === "approved";
  return undecided && now.getTime() >= request.decide_by.getTime() ? "expired" : request.status;
}
