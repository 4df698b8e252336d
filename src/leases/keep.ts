import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { sameBytes } from "../kernel/server-keys.ts";
import { defaultLeaseSeconds } from "./acquire.ts";
import { LeaseProblem } from "./errors.ts";
import { presentLease } from "./list.ts";
import type { Lease } from "./schemas.ts";
import { leaseStatus } from "./states.ts";
import { endLease, extendLease, lockLease, type TimedLeaseRow } from "./store.ts";
import { leaseTokenHash } from "./token.ts";

/**
 * Holds the lease for `ttlSeconds` from now.
 * @throws ServiceProblem NOT_FOUND; LeaseProblem LEASE_TOKEN_INVALID for a stale token or a lapsed lease (LEASE-1)
 */
export async function renewLease(
  tx: Tx,
  caller: Caller,
  name: string,
  input: { token: string; ttl_seconds?: number },
): Promise<Lease> {
  const held = await lockHeld(tx, caller, name, input.token);
  const row = await extendLease(tx, name, input.ttl_seconds ?? defaultLeaseSeconds);
  await appendEvent(tx, caller, {
    action: "lease.renewed",
    resourceType: "lease",
    resourceId: name,
    before: { expires_at: held.expires_at.toISOString() },
    after: { expires_at: row.expires_at.toISOString(), fencing_token: Number(row.fencing_token) },
  });
  return presentLease({ ...row, now: held.now });
}

/** Gives the lease back; the fence stays where it is. @throws as `renewLease` */
export async function releaseLease(tx: Tx, caller: Caller, name: string, input: { token: string }): Promise<Lease> {
  const held = await lockHeld(tx, caller, name, input.token);
  const row = await endLease(tx, name);
  await appendEvent(tx, caller, {
    action: "lease.released",
    resourceType: "lease",
    resourceId: name,
    before: { status: "held", expires_at: held.expires_at.toISOString() },
    after: { status: "released", fencing_token: Number(row.fencing_token) },
  });
  return presentLease({ ...row, now: held.now });
}

async function lockHeld(tx: Tx, caller: Caller, name: string, token: string): Promise<TimedLeaseRow> {
  const row = await lockLease(tx, name);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no lease ${name}.`);
  const theirs = sameBytes(leaseTokenHash(token), row.lease_token_hash) && row.lease_holder === caller.principal;
  if (!theirs || leaseStatus(row, row.now) !== "held") {
    throw new LeaseProblem("LEASE_TOKEN_INVALID", `The token is not that of the current holder of ${name}.`);
  }
  return row;
}
