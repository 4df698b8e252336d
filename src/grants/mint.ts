import { isUniqueViolation, type Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { digestOf } from "../kernel/json.ts";
import { presentGrant } from "./read.ts";
import type { GrantMode, GrantScope } from "./predicate.ts";
import { type GrantStatus, grantStatus, isLive } from "./states.ts";
import { findGrant, type GrantRow, insertGrant, lockLiveGrants } from "./store.ts";
import { transition } from "./transition.ts";

/** What a handler orders, out of an approved request. */
export interface MintOrder {
  readonly requestRef: string;
  readonly aprDigest: string;
  readonly mode: GrantMode;
  readonly scope: GrantScope;
  readonly rollbackPlanRef: string;
  readonly approvalRef: Readonly<Record<string, unknown>>;
  readonly evidence: Readonly<Record<string, unknown>>;
  /** The handler's id. */
  readonly grantedBy: string;
  /** Seconds; undefined for the default. Clamped (MINT-4). */
  readonly ttlSeconds: number | undefined;
}

export type MintOutcome =
  | { readonly kind: "minted" | "replayed"; readonly grant: GrantRow }
  | { readonly kind: "dead"; readonly status: GrantStatus; readonly grant: GrantRow }
  | { readonly kind: "live-grant-exists" };

const leastSeconds = 60;
const mostSeconds = 86_400;
const defaultSeconds = 7_200;

/** Seconds that a grant lives: 7200 unless asked otherwise, within 60..86400 (MINT-4). */
export function clampTtl(asked: number | undefined): number {
  return Math.min(mostSeconds, Math.max(leastSeconds, asked ?? defaultSeconds));
}

/** One request has one grant, and its code is made of the carrier and the request (MINT-2). */
export function authCodeOf(carrier: string, aprCode: string): string {
  return `GBA-${carrier}-${aprCode}`;
}

/**
 * Mints the one grant of a request, which the caller of this function has locked; never a second one (MINT-2). Grants
 * on the same target that nobody consumed in time are expired first, in the same transaction; another live one is
 * Gate E's refusal, also when it comes from a transaction that we could not see (MINT-6).
 */
export async function mintGrant(tx: Tx, caller: Caller, order: MintOrder): Promise<MintOutcome> {
  const { scope } = order;
  const authCode = authCodeOf(scope.carrier, order.requestRef);
  const othersLive = await expireOverdue(tx, caller, order, authCode);
  const own = await findGrant(tx, authCode);
  if (own !== undefined) return standing(own, order);
  if (othersLive) return { kind: "live-grant-exists" };
  try {
    await tx.savepoint(() => insertGrant(tx, { ...order, authCode, ttlSeconds: clampTtl(order.ttlSeconds) }));
  } catch (error) {
    if (isGateE(error)) return { kind: "live-grant-exists" };
    throw error;
  }
  const grant = await findGrant(tx, authCode);
  if (grant === undefined) throw new Error(`the grant ${authCode} cannot be read back`);
  const outcome = standing(grant, order);
  if (outcome.kind !== "replayed") throw new Error(`the grant ${authCode} was minted and is not live`);
  await recordMint(tx, caller, order, grant);
  return { kind: "minted", grant };
}

/** Expires what nobody consumed in time on the target; whether a grant of another request is live there. */
async function expireOverdue(tx: Tx, caller: Caller, order: MintOrder, authCode: string): Promise<boolean> {
  let othersLive = false;
  for (const grant of await lockLiveGrants(tx, order.mode, order.scope.target, order.scope.environment)) {
    if (!isLive(grantStatus(grant, grant.now))) await transition(tx, caller, grant, { to: "expired" });
    else othersLive ||= grant.auth_code !== authCode;
  }
  return othersLive;
}

async function recordMint(tx: Tx, caller: Caller, order: MintOrder, grant: GrantRow): Promise<void> {
  const { scope } = order;
  await appendEvent(tx, caller, {
    action: "grant.minted",
    resourceType: "grant",
    resourceId: grant.auth_code,
    after: {
      status: grant.status,
      mode: grant.mode,
      request_ref: grant.request_ref,
      target: scope.target,
      environment: scope.environment,
      executor: scope.executor,
      expires_at: grant.expires_at.toISOString(),
    },
    digests: {
      apr_digest: order.aprDigest,
      manifest_digest: scope.manifest_digest,
      schema_digest: scope.schema_digest,
      // All that it may be used for: an outsider holds the grant against its event by this (OPEN-5).
      bindings_digest: digestOf(presentGrant(grant).bindings),
    },
  });
}

/** The request's own grant as it is found: it must be this request's, and is either still good or dead for good. */
function standing(grant: GrantRow, order: MintOrder): Exclude<MintOutcome, { kind: "live-grant-exists" }> {
  if (grant.request_ref !== order.requestRef || grant.mode !== order.mode) {
    throw new Error(`${grant.auth_code} is a ${grant.mode} grant of ${grant.request_ref}`);
  }
  const status = grantStatus(grant, grant.now);
  return isLive(status) ? { kind: "replayed", grant } : { kind: "dead", status, grant };
}

function isGateE(error: unknown): boolean {
  return isUniqueViolation(error, "one_live_dry_run_grant") || isUniqueViolation(error, "one_live_commit_grant");
}
