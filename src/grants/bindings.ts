import { GrantProblem } from "./errors.ts";
import type { Bindings, Judgement } from "./predicate.ts";
import type { BindingsInput } from "./schemas.ts";
import type { GrantRow } from "./store.ts";

/** What was asked, with the mode that silence means: `commit`, so that it fails closed. */
export function asked(input: BindingsInput): Bindings {
  return { ...input, mode: input.mode ?? "commit" };
}

/**
 * The refusal that a judgement stands for: one code each, naming the bindings that differ (GRANT-2).
 * @param at where in the body the bindings stand
 */
export function refusal(wanted: Bindings, judgement: Refused, at = ""): Error {
  const { code, grant, mismatched, matching } = judgement;
  const members = {
    ...(grant === undefined ? {} : { auth_code: grant.auth_code }),
    ...(mismatched === undefined ? {} : { mismatched }),
    ...(matching === undefined ? {} : { matching: matching.map((one) => one.auth_code) }),
  };
  const errors = mismatched?.map((name) => ({ pointer: `${at}/${name}`, detail: "differs from what was granted" }));
  return new GrantProblem(code, detail(wanted, judgement), { members, ...(errors === undefined ? {} : { errors }) });
}

type Refused = Extract<Judgement<GrantRow>, { valid: false }>;

function detail(wanted: Bindings, refused: Refused): string {
  const { grant, mismatched = [], matching = [] } = refused;
  if (grant === undefined) {
    return refused.code === "AMBIGUOUS_AUTHORIZATION"
      ? `${matching.length} active grants match: ${matching.map((one) => one.auth_code).join(", ")}.`
      : `No grant of carrier ${wanted.carrier} for plan ${wanted.plan_id} covers this.`;
  }
  if (refused.code === "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH") {
    return `${grant.auth_code} differs in ${mismatched.join(", ")}.`;
  }
  return `${grant.auth_code} ${fate(grant)}.`;
}

/** What became of a dead grant, and when. */
function fate(grant: GrantRow): string {
  if (grant.consumed_at !== null) return `was consumed at ${grant.consumed_at.toISOString()}`;
  if (grant.revoked_at !== null) return `was revoked at ${grant.revoked_at.toISOString()}`;
  if (grant.status === "active" && grant.signature_key_revoked_at !== null) {
    return `was signed with a key that was revoked at ${grant.signature_key_revoked_at.toISOString()}`;
  }
  if (grant.now.getTime() >= grant.expires_at.getTime()) return `expired at ${grant.expires_at.toISOString()}`;
  return "is a draft that has not been signed";
}
