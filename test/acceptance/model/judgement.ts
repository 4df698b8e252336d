import type { Bindings } from "./scenery.ts";

/** A grant as GRANT-2 looks at it. */
export interface Candidate {
  readonly code: string;
  readonly bound: Bindings;
  readonly status: "draft" | "active" | "consumed" | "revoked" | "expired";
  /** Whether the key behind its signature was revoked. */
  readonly keyRevoked: boolean;
  /** Greater for what was granted later. */
  readonly grantedAt: number;
}

export interface Question {
  readonly asked: Bindings;
  /** Undefined where it does not matter who asks: an operator only looks (GRANT-7). */
  readonly caller: string | undefined;
}

export type Refusal =
  | { readonly code: "G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION" }
  | { readonly code: "AMBIGUOUS_AUTHORIZATION"; readonly matching: readonly string[] }
  /** Any of these may be named: they differ in equally many bindings, and in no fewer does any other. */
  | {
      readonly code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH";
      readonly nearest: readonly { readonly code: string; readonly mismatched: readonly string[] }[];
    }
  | { readonly code: DeadCode; readonly of: string };

export type DeadCode =
  | "REJECT_AUTH_ALREADY_CONSUMED"
  | "REJECT_AUTH_REVOKED"
  | "REJECT_AUTH_EXPIRED"
  | "REJECT_AUTH_NOT_ACTIVE"
  | "REJECT_SIGNATURE_KEY_REVOKED";

export type Judgement = { readonly valid: string } | { readonly refused: Refusal };

const equalOnes = [
  "mode",
  "carrier",
  "plan_id",
  "plan_revision",
  "manifest_digest",
  "schema_digest",
  "environment",
  "rollback_plan_ref",
] as const;

/** The bindings that differ (GRANT-1): all must be equal, but for the actions, which must be among the granted ones. */
function mismatched({ bound }: Candidate, { asked, caller }: Question): string[] {
  const names: string[] = equalOnes.filter((name) => bound[name] !== asked[name]);
  if (bound.executor !== asked.executor || (caller !== undefined && caller !== bound.executor)) names.push("executor");
  if (asked.action_set.some((action) => !bound.action_set.includes(action))) names.push("action_set");
  return names;
}

/** GRANT-2, sentence by sentence: an exact live match, an exact dead one, a live one that differs, none. */
export function search(question: Question, all: readonly Candidate[]): Judgement {
  const { asked } = question;
  const known = all.filter(({ bound }) => bound.carrier === asked.carrier && bound.plan_id === asked.plan_id);
  const exact = known.filter((one) => mismatched(one, question).length === 0);
  const usable = exact.filter(({ status, keyRevoked }) => status === "active" && !keyRevoked);
  const [only] = usable;
  if (usable.length > 1) {
    return { refused: { code: "AMBIGUOUS_AUTHORIZATION", matching: usable.map(({ code }) => code) } };
  }
  if (only !== undefined) return { valid: only.code };

  const [latest] = exact.toSorted((a, b) => b.grantedAt - a.grantedAt);
  if (latest !== undefined) return { refused: { code: deadCode(latest), of: latest.code } };

  const live = known.filter(({ status }) => status === "draft" || status === "active");
  const apart = live.map((one) => ({ code: one.code, mismatched: mismatched(one, question) }));
  const least = Math.min(...apart.map((one) => one.mismatched.length));
  if (apart.length === 0) return { refused: { code: "G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION" } };
  const nearest = apart.filter((one) => one.mismatched.length === least);
  return { refused: { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", nearest } };
}

/** The same where the grant is named: it is the one that is meant, dead or alive. */
export function named(question: Question, grant: Candidate): Judgement {
  const names = mismatched(grant, question);
  if (names.length > 0) {
    const nearest = [{ code: grant.code, mismatched: names }];
    return { refused: { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", nearest } };
  }
  if (grant.status === "active" && !grant.keyRevoked) return { valid: grant.code };
  return { refused: { code: deadCode(grant), of: grant.code } };
}

function deadCode({ status, keyRevoked }: Candidate): DeadCode {
  if (status === "active" && keyRevoked) return "REJECT_SIGNATURE_KEY_REVOKED";
  const codes = {
    active: "REJECT_AUTH_NOT_ACTIVE",
    draft: "REJECT_AUTH_NOT_ACTIVE",
    consumed: "REJECT_AUTH_ALREADY_CONSUMED",
    revoked: "REJECT_AUTH_REVOKED",
    expired: "REJECT_AUTH_EXPIRED",
  } as const;
  return codes[status];
}
