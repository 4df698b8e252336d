import { type Tx, violatedConstraint } from "../database/index.ts";
import { type AuditRecord, appendEvent } from "../evidence/index.ts";
import { placedMeanwhile } from "../holds/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { type GrantCode, GrantProblem } from "./errors.ts";
import { canBecome, type GrantStatus } from "./states.ts";
import { type GrantRow, type StatusChange, setGrantStatus } from "./store.ts";

/**
 * The one path by which a grant changes its status: compare-and-set from the status that it was locked in, and the
 * audit event in the same transaction (GRANT-3, AUDIT-1).
 * @throws GrantProblem REJECT_AUTH_EXPIRED when the time ran out after the row was read
 * @param locked the grant, as read under its row lock in this transaction
 * @param change what it becomes; `also` is what else its event says
 */
export async function transition(
  tx: Tx,
  caller: Caller,
  locked: GrantRow,
  change: Omit<StatusChange, "by"> & { readonly also?: Readonly<Record<string, unknown>> },
): Promise<GrantRow> {
  if (!canBecome(locked.status, change.to)) {
    throw new Error(`grant ${locked.auth_code}: ${locked.status} does not become ${change.to}`);
  }
  const changed = await setGrantStatus(tx, locked.auth_code, locked.status, { ...change, by: caller.principal }).catch(
    (error: unknown) => {
      throw overtaken(locked, error);
    },
  );
  if (changed === undefined) throw new Error(`grant ${locked.auth_code} changed under its lock`);
  await appendEvent(tx, caller, transitionRecord(locked, changed, change.to, change.also));
  return changed;
}

/** What a transition leaves in the audit log, by whichever path it was made. */
export function transitionRecord(
  locked: Pick<GrantRow, "auth_code" | "status" | "scope">,
  changed: Changed,
  to: GrantStatus,
  also?: Readonly<Record<string, unknown>>,
): AuditRecord {
  return {
    action: `grant.${to}`,
    resourceType: "grant",
    resourceId: locked.auth_code,
    before: { status: locked.status },
    after: { ...after(changed, to), ...also },
    digests: { manifest_digest: locked.scope.manifest_digest, schema_digest: locked.scope.schema_digest },
  };
}

/** The triggers look once more: a grant may expire, a hold come, a key go between the reading of its row and the update. */
export function overtaken(locked: GrantRow, error: unknown): unknown {
  const { auth_code } = locked;
  switch (violatedConstraint(error)) {
    case "grant_in_time":
    case "chk_consumed_in_time":
      return problem("REJECT_AUTH_EXPIRED", `${auth_code} expired at ${locked.expires_at.toISOString()}.`);
    case "grant_key_revoked":
      return problem("REJECT_SIGNATURE_KEY_REVOKED", `${auth_code} was signed with a key that has just been revoked.`);
    case "registration_hold":
      return placedMeanwhile(error);
    default:
      return error;
  }
  function problem(code: GrantCode, detail: string): Error {
    return new GrantProblem(code, detail, { members: { auth_code }, cause: error });
  }
}

/** As much of a changed row as its event tells. */
type Changed = Pick<GrantRow, "expires_at"> &
  Partial<Pick<GrantRow, "consumed_by" | "idempotency_root" | "sovereign_esign_ref" | "revoked_by" | "revoked_reason">>;

function after(grant: Changed, status: GrantStatus): Record<string, unknown> {
  const base = { status, expires_at: grant.expires_at.toISOString() };
  if (status === "consumed") {
    return { ...base, consumed_by: grant.consumed_by, idempotency_root: grant.idempotency_root };
  }
  if (status === "active") return { ...base, sovereign_esign_ref: grant.sovereign_esign_ref };
  if (status === "revoked") return { ...base, revoked_by: grant.revoked_by, revoked_reason: grant.revoked_reason };
  return base;
}
