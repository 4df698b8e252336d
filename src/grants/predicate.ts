import type { GrantCode } from "./errors.ts";
import { type GrantStatus, grantStatus, isLive } from "./states.ts";

export type GrantMode = "dry-run" | "commit";

/** What a grant is bound to, as stored in `scope`. */
export interface GrantScope {
  readonly carrier: string;
  readonly namespace: string;
  readonly axis: string;
  readonly target: string;
  readonly environment: string;
  readonly plan_id: string;
  readonly plan_revision: string;
  readonly manifest_digest: string;
  readonly schema_digest: string;
  readonly executor: string;
  readonly action_set: readonly string[];
  /** Of a commit-mode grant: the configured database that the environment stands for (RUN-7). */
  readonly database?: string;
  /** Of a commit-mode grant: the lease that its run works under. */
  readonly lease_name?: string;
}

/** As much of a grant as the predicate looks at. */
export interface GrantFacts {
  readonly auth_code: string;
  readonly mode: GrantMode;
  readonly scope: GrantScope;
  readonly rollback_plan_ref: string;
  readonly status: GrantStatus;
  readonly granted_at: Date;
  readonly expires_at: Date;
  /** When the key that signed it was revoked. */
  readonly signature_key_revoked_at: Date | null;
}

/** What somebody wants to do (GRANT-1). */
export interface Bindings {
  readonly mode: GrantMode;
  readonly carrier: string;
  readonly plan_id: string;
  readonly plan_revision: string;
  readonly manifest_digest: string;
  readonly schema_digest: string;
  readonly environment: string;
  readonly executor: string;
  /** Each of them must be among the granted ones. */
  readonly action_set: readonly string[];
  readonly rollback_plan_ref: string;
}

export type BindingName = keyof Bindings;

export type Judgement<Facts extends GrantFacts> =
  | { readonly valid: true; readonly grant: Facts }
  | {
      readonly valid: false;
      readonly code: GrantCode;
      readonly grant?: Facts;
      readonly mismatched?: readonly BindingName[];
      readonly matching?: readonly Facts[];
    };

const scopeBindings = [
  "carrier",
  "plan_id",
  "plan_revision",
  "manifest_digest",
  "schema_digest",
  "environment",
  "executor",
] as const;

/**
 * The one predicate of verify and consume (GRANT-1): which bindings of the grant differ from what is asked.
 * @param caller where given, the executor of the grant must also be the one who asks (GRANT-7)
 */
export function differing(grant: GrantFacts, asked: Bindings, caller?: string): BindingName[] {
  const names: BindingName[] = scopeBindings.filter((name) => grant.scope[name] !== asked[name]);
  if (grant.mode !== asked.mode) names.unshift("mode");
  if (caller !== undefined && grant.scope.executor !== caller && !names.includes("executor")) names.push("executor");
  const granted = new Set(grant.scope.action_set);
  if (asked.action_set.length === 0 || !asked.action_set.every((action) => granted.has(action)))
    names.push("action_set");
  if (grant.rollback_plan_ref !== asked.rollback_plan_ref) names.push("rollback_plan_ref");
  return names;
}

/**
 * Judges what is asked against the grants that could carry it (GRANT-2). Precedence: one exact live match; several;
 * an exact dead one; a live one that differs; none.
 * @param now the database's clock, read after any lock on the candidates
 */
export function judge<Facts extends GrantFacts>(
  asked: Bindings,
  candidates: readonly Facts[],
  now: Date,
  caller?: string,
): Judgement<Facts> {
  const judged = candidates.map((grant) => ({
    grant,
    standing: standingOf(grant, now),
    mismatched: differing(grant, asked, caller),
  }));
  const exact = judged.filter((one) => one.mismatched.length === 0);
  const live = exact.filter((one) => one.standing === "active").map((one) => one.grant);
  if (live.length > 1) return { valid: false, code: "AMBIGUOUS_AUTHORIZATION", matching: live };
  if (live[0] !== undefined) return { valid: true, grant: live[0] };

  const dead = newest(exact);
  if (dead !== undefined) return { valid: false, code: refusalOf(dead.standing), grant: dead.grant };
  const nearest = judged
    .filter((one) => one.standing === "key-revoked" || isLive(one.standing))
    .sort((a, b) => a.mismatched.length - b.mismatched.length)[0];
  if (nearest === undefined) return { valid: false, code: "G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION" };
  return {
    valid: false,
    code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH",
    grant: nearest.grant,
    mismatched: nearest.mismatched,
  };
}

/**
 * The same for one grant that is asked for by its code: nothing can be ambiguous, and a dead one that differs is
 * refused for its differences, since it is the one that was meant.
 */
export function judgeNamed<Facts extends GrantFacts>(
  asked: Bindings,
  grant: Facts,
  now: Date,
  caller?: string,
): Judgement<Facts> {
  const judgement = judge(asked, [grant], now, caller);
  if (judgement.valid || judgement.code !== "G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION") return judgement;
  const mismatched = differing(grant, asked, caller);
  return { valid: false, code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", grant, mismatched };
}

/** The status of the grant, or that the key behind its signature is no longer trusted. */
type Standing = GrantStatus | "key-revoked";

function standingOf(grant: GrantFacts, now: Date): Standing {
  const status = grantStatus(grant, now);
  return status === "active" && grant.signature_key_revoked_at !== null ? "key-revoked" : status;
}

function newest<One extends { grant: GrantFacts }>(ones: readonly One[]): One | undefined {
  return [...ones].sort((a, b) => b.grant.granted_at.getTime() - a.grant.granted_at.getTime())[0];
}

function refusalOf(standing: Standing): GrantCode {
  switch (standing) {
    case "key-revoked":
      return "REJECT_SIGNATURE_KEY_REVOKED";
    case "consumed":
      return "REJECT_AUTH_ALREADY_CONSUMED";
    case "revoked":
      return "REJECT_AUTH_REVOKED";
    case "expired":
      return "REJECT_AUTH_EXPIRED";
    case "draft":
    case "active":
      return "REJECT_AUTH_NOT_ACTIVE";
  }
}
