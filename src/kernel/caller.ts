/** The roles of the contract; a route names those that may call it. */
export const roles = [
  "requester",
  "approver",
  "council",
  "sovereign",
  "dispatcher",
  "executor",
  "operator",
  "auditor",
  "admin",
] as const;

export type Role = (typeof roles)[number];

/** Who is asking, as authenticated (APR-8): never taken from a body. */
export interface Caller {
  readonly principal: string;
  readonly roles: readonly Role[];
  readonly requestId: string;
}

/** The service itself, acting on its own clock (sweeper, bootstrap). */
export function serviceCaller(name: string): Caller {
  return { principal: `service:${name}`, roles: [], requestId: `service:${name}` };
}
