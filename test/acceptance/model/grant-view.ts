import { absent, same, sameTime, type Shape } from "./expectation.ts";
import { bindingsOf, grantCode, type GrantName, outlines, requestCode, type Scene, targetOf } from "./scenery.ts";

export interface Use {
  readonly by: string;
  readonly root: string;
  /** In minutes of the world. */
  readonly at: number;
  readonly lease: { readonly name: string; readonly fence: number } | null;
}

export interface Grant {
  readonly name: GrantName;
  /** In minutes of the world. */
  readonly grantedAt: number;
  /** Which it is of those that were granted in the same minute. */
  readonly turn: number;
  /** As it was decided; one that is not used may have run out since. */
  decided: "draft" | "active" | "consumed" | "revoked";
  signedWith: string | null;
  use: Use | null;
  revokedBy: string | null;
}

export type Status = Grant["decided"] | "expired";

export function freshGrant(name: GrantName, grantedAt: number, turn: number): Grant {
  const decided = outlines[name].mode === "commit" ? "draft" : "active";
  return { name, grantedAt, turn, decided, signedWith: null, use: null, revokedBy: null };
}

/** Where the grant stands: one that nobody used in time has expired, whether or not anybody looked (OPEN-3). */
export function statusAt(grant: Grant, now: number): Status {
  const open = grant.decided === "draft" || grant.decided === "active";
  return open && now >= grant.grantedAt + outlines[grant.name].livesMinutes ? "expired" : grant.decided;
}

export function isLive(grant: Grant, now: number): boolean {
  const status = statusAt(grant, now);
  return status === "draft" || status === "active";
}

/** By how much the end of its time was moved into the past since it was granted: nothing runs out once it is used. */
export function expiryMoved(grant: Grant, now: number): number {
  return (grant.use?.at ?? now) - grant.grantedAt;
}

export const revokedFor = (by: string): string => `not wanted by ${by}`;

/** What became of it. */
function fateOf(grant: Grant, now: number): Shape {
  return {
    status: statusAt(grant, now),
    consumed_by: grant.use?.by ?? null,
    idempotency_root: grant.use?.root ?? null,
    revoked_by: grant.revokedBy,
    revoked_reason: grant.revokedBy === null ? null : revokedFor(grant.revokedBy),
  };
}

/** The grant as a row: what became of it, by whose key, and how long it had from then to then. */
export function rowOf(grant: Grant, now: number): Shape {
  const sinceUse = grant.use === null ? 0 : now - grant.use.at;
  const minutes = outlines[grant.name].livesMinutes + sinceUse;
  return { ...fateOf(grant, now), kid: grant.signedWith, minutes };
}

/** The receipt as a row. */
export function receiptOf({ by, root, lease }: Use): Shape {
  const held = { lease_name: lease?.name ?? null, fencing_token: lease?.fence ?? null };
  return { consumed_by: by, idempotency_root: root, ...held };
}

/**
 * A grant as it is shown.
 * @param options.dry what would be and is not: its times are not those of a grant that there is
 */
export function viewOf(scene: Scene, grant: Grant, now: number, options: { dry?: boolean } = {}): Shape {
  const { name } = grant;
  const { mode: _, ...bindings } = bindingsOf(scene, name);
  const { mode } = outlines[name];
  const commit = mode === "commit";
  const times = {
    expires_at: sameTime(`expiry of ${name}`, expiryMoved(grant, now)),
    consumed_at: grant.use === null ? null : same(`use of ${name}`),
    revoked_at: grant.revokedBy === null ? null : same(`revocation of ${name}`),
  };
  return {
    auth_code: grantCode(scene, name),
    request_ref: requestCode(scene, name),
    mode,
    bindings: {
      ...bindings,
      database: commit ? "default" : absent,
      lease_name: commit ? scene.lease : absent,
    },
    commit_allowed: commit,
    requires_sovereign_esign: commit,
    sovereign_esign_ref: grant.signedWith === null ? null : same(`signature of ${name}`),
    ...fateOf(grant, now),
    ...(options.dry === true ? {} : times),
  };
}

/** A verify that passes (GRANT-1). */
export function verdictOf(scene: Scene, { name }: Grant, onHold: boolean): Shape {
  const { mode } = outlines[name];
  const codes = { auth_code: grantCode(scene, name), request_ref: requestCode(scene, name) };
  return { verdict: "valid", ...codes, mode, target: targetOf(scene, name), on_hold: onHold };
}
