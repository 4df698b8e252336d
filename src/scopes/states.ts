/** A scope never changes; it is retired, and another may be registered in its place. */
export const scopeStatuses = ["active", "retired"] as const;
export type ScopeStatus = (typeof scopeStatuses)[number];

export const scopeTransitions: Readonly<Record<ScopeStatus, readonly { to: ScopeStatus; by: string }[]>> = {
  active: [{ to: "retired", by: "retire" }],
  retired: [],
};
