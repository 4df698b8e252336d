import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import { refuseWhileHeld } from "../holds/index.ts";
import { type AcquiredLease, acquireLease, bindLease, lockLease, showLeaseAgain } from "../leases/index.ts";
import type { Sightings } from "../rehearsals/index.ts";
import { asked, refusal } from "./bindings.ts";
import { GrantProblem } from "./errors.ts";
import { judgeNamed } from "./predicate.ts";
import { requireRehearsal } from "./rehearsal.ts";
import type { ConsumeInput, Receipt } from "./schemas.ts";
import { findReceipt, type GrantRow, insertReceipt, lockGrantForUse } from "./store.ts";
import { transition } from "./transition.ts";

/**
 * Burns the grant before the first write (GRANT-3), with the lease in the same transaction where one is asked for
 * (GRANT-4). The executor is the caller (GRANT-7). The same executor with the same root gets the same receipt again.
 * Lock order: lease, hold, grant (GRANT-8). A grant of a registered scope is worked under that scope's lease.
 * @param sightings how the target looks now, where the grant stands on a rehearsal (OPEN-1)
 * @throws GrantProblem with the code of GRANT-2; LeaseProblem LEASE_HELD; HoldProblem REGISTRATION_HOLD
 * @throws RehearsalProblem REHEARSAL_STALE, REHEARSAL_UNSEEN
 * @throws ServiceProblem NOT_FOUND
 */
export async function consumeGrant(
  tx: Tx,
  caller: Caller,
  keys: ServerKeys,
  authCode: string,
  input: ConsumeInput,
  sightings: Sightings,
): Promise<Receipt> {
  const { idempotency_root: root, lease: leaseWanted, ...bindings } = input;
  if (leaseWanted !== undefined) await lockLease(tx, leaseWanted.name);
  const grant = await lockGrantForUse(tx, authCode);
  if (grant === undefined) throw new ServiceProblem("NOT_FOUND", `There is no grant ${authCode}.`);

  const wanted = asked(bindings);
  const judgement = judgeNamed(wanted, grant, grant.now, caller.principal);
  if (!judgement.valid) {
    const again = judgement.code === "REJECT_AUTH_ALREADY_CONSUMED" && isOwnRoot(grant, caller, root);
    if (again) return replay(tx, keys, authCode);
    throw refusal(wanted, judgement);
  }
  requireOwnLease(grant, leaseWanted?.name);
  if (grant.on_hold === true) await refuseWhileHeld(tx, grant.scope.environment);
  await requireRehearsal(tx, grant, sightings);

  const lease =
    leaseWanted === undefined
      ? undefined
      : await acquireLease(tx, caller, keys, leaseWanted.name, leaseWanted.ttl_seconds);
  const consumed = await transition(tx, caller, grant, { to: "consumed", idempotencyRoot: root });
  await insertReceipt(tx, authCode, lease && { name: lease.name, fencingToken: lease.fencing_token });
  if (lease !== undefined) await bindLease(tx, lease.name, authCode);
  return receiptOf(consumed, lease, false);
}

/** @throws GrantProblem CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH for another lease than the scope's */
function requireOwnLease(grant: GrantRow, wanted: string | undefined): void {
  const { lease_name } = grant.scope;
  if (wanted === undefined || lease_name === undefined || wanted === lease_name) return;
  throw new GrantProblem(
    "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH",
    `${grant.auth_code} is worked under the lease ${lease_name}.`,
    {
      members: { auth_code: grant.auth_code, mismatched: ["lease_name"] },
      errors: [{ pointer: "/lease/name", detail: `must be ${lease_name}` }],
    },
  );
}

/** Whether it was this executor's run of this root that has used the grant (GRANT-3). */
export function isOwnRoot(grant: GrantRow, caller: Caller, root: string): boolean {
  return grant.consumed_by === caller.principal && grant.idempotency_root === root;
}

async function replay(tx: Tx, keys: ServerKeys, authCode: string): Promise<Receipt> {
  const stored = await findReceipt(tx, authCode);
  if (stored === undefined) throw new Error(`grant ${authCode} is consumed and has no receipt`);
  const lease =
    stored.lease_name === null
      ? undefined
      : await showLeaseAgain(tx, keys, stored.lease_name, Number(stored.fencing_token));
  return receiptOf({ ...stored, auth_code: authCode }, lease, true);
}

/** The receipt as it is shown. @throws Error where the row is no used grant's */
export function receiptOf(
  from: { auth_code: string; consumed_at: Date | null; consumed_by: string | null; idempotency_root: string | null },
  lease: AcquiredLease | undefined,
  replayed: boolean,
): Receipt {
  if (from.consumed_at === null || from.consumed_by === null || from.idempotency_root === null) {
    throw new Error(`grant ${from.auth_code} is consumed and half filled`);
  }
  return {
    auth_code: from.auth_code,
    consumed_at: from.consumed_at.toISOString(),
    consumed_by: from.consumed_by,
    idempotency_root: from.idempotency_root,
    replayed,
    ...(lease === undefined ? {} : { lease }),
  };
}
