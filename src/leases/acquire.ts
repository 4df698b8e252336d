import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import { LeaseProblem } from "./errors.ts";
import type { AcquiredLease } from "./schemas.ts";
import { leaseStatus } from "./states.ts";
import { findLease, insertLease, type LeaseRow, lockLease, type TimedLeaseRow, takeLease } from "./store.ts";
import { leaseToken, leaseTokenHash } from "./token.ts";

export const defaultLeaseSeconds = 1_800;

/**
 * Takes the lease, or takes over one that has lapsed; every acquisition raises the fencing token (LEASE-1, LEASE-2).
 * @param ttlSeconds how long it is held without renewal
 * @throws LeaseProblem LEASE_HELD, with the seconds until it lapses
 */
export async function acquireLease(
  tx: Tx,
  caller: Caller,
  keys: ServerKeys,
  name: string,
  ttlSeconds = defaultLeaseSeconds,
): Promise<AcquiredLease> {
  const { row, former } = await takeOrInsert(tx, caller, keys, name, ttlSeconds);
  const fencingToken = Number(row.fencing_token);
  await appendEvent(tx, caller, {
    action: "lease.acquired",
    resourceType: "lease",
    resourceId: name,
    before: former === undefined ? null : summary(former),
    after: { holder: row.lease_holder, fencing_token: fencingToken, expires_at: row.expires_at.toISOString() },
  });
  return {
    name,
    token: tokenAt(keys, name, fencingToken),
    fencing_token: fencingToken,
    expires_at: row.expires_at.toISOString(),
  };
}

/**
 * Shows a lease again to the one who acquired it, for a replayed receipt (GRANT-8).
 * @returns undefined once the fence has moved on or the lease was released
 */
export async function showLeaseAgain(
  tx: Tx,
  keys: ServerKeys,
  name: string,
  fencingToken: number,
): Promise<AcquiredLease | undefined> {
  const row = await findLease(tx, name);
  if (row === undefined || Number(row.fencing_token) !== fencingToken || row.released_at !== null) return undefined;
  const token = keys.ids
    .map((id) => leaseToken(keys, name, fencingToken, id))
    .find((candidate) => candidate !== undefined && leaseTokenHash(candidate).equals(row.lease_token_hash));
  const shown = { name, fencing_token: fencingToken, expires_at: row.expires_at.toISOString() };
  return token === undefined ? shown : { ...shown, token };
}

async function takeOrInsert(
  tx: Tx,
  caller: Caller,
  keys: ServerKeys,
  name: string,
  ttlSeconds: number,
): Promise<{ row: LeaseRow; former?: TimedLeaseRow }> {
  const holder = caller.principal;
  const current = await lockLease(tx, name);
  if (current === undefined) {
    const tokenHash = leaseTokenHash(tokenAt(keys, name, 1));
    const first = await insertLease(tx, { name, holder, tokenHash, ttlSeconds });
    if (first !== undefined) return { row: first };
    // Someone else's first acquisition was committed while ours waited: from here on it is theirs.
    return takeOrInsert(tx, caller, keys, name, ttlSeconds);
  }
  if (leaseStatus(current, current.now) === "held") throw heldProblem(current);
  const fencingToken = Number(current.fencing_token) + 1;
  const tokenHash = leaseTokenHash(tokenAt(keys, name, fencingToken));
  return { row: await takeLease(tx, { name, holder, tokenHash, fencingToken, ttlSeconds }), former: current };
}

/** Who had it before, and whether it was given back or taken over. */
function summary(former: TimedLeaseRow) {
  return {
    status: leaseStatus(former, former.now),
    holder: former.lease_holder,
    fencing_token: Number(former.fencing_token),
    expires_at: former.expires_at.toISOString(),
  };
}

function heldProblem(lease: TimedLeaseRow): Error {
  const seconds = Math.ceil((lease.expires_at.getTime() - lease.now.getTime()) / 1000);
  return new LeaseProblem(
    "LEASE_HELD",
    `The lease ${lease.lease_name} is held by ${lease.lease_holder} until ${lease.expires_at.toISOString()}.`,
    { retryAfterSeconds: Math.max(1, seconds) },
  );
}

function tokenAt(keys: ServerKeys, name: string, fencingToken: number): string {
  const token = leaseToken(keys, name, fencingToken);
  if (token === undefined) throw new Error("the current server key is missing");
  return token;
}
