import { GrantProblem } from "./errors.ts";
import type { Bindings, Judgement } from "./predicate.ts";
import type { BindingsInput } from "./schemas.ts";
import type { GrantRow } from "./store.ts";

/** What was asked, with the mode that silence means: `commit`, so that it fails closed. */
export function asked(input: BindingsInput): Bindings {
  return { ...input, mode: input.mode ?? "commit" };
}

/** The refusal that a judgement stands for: one code each, naming the bindings that differ (GRANT-2). */
export function refusal(wanted: Bindings, judgement: Extract<Judgement<GrantRow>, { valid: false }>): Error {
  const { code, grant, mismatched, matching } = judgement;
  const members = {
    ...(grant === undefined ? {} : { auth_code: grant.auth_code }),
    ...(mismatched === undefined ? {} : { mismatched }),
    ...(matching === undefined ? {} : { matching: matching.map((one) => one.auth_code) }),
  };
  const errors = mismatched?.map((name) => ({ pointer: `/${name}`, detail: "differs from what was granted" }));
  return new GrantProblem(code, detail(wanted, judgement), { members, ...(errors === undefined ? {} : { errors }) });
}

function detail(wanted: Bindings, judgement: Extract<Judgement<GrantRow>, { valid: false }>): string {
  const { code, grant, mismatched, matching } = judgement;
  const name = grant?.auth_code ?? "";
  switch (code) {
    case "G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION":
      return `No grant of carrier ${wanted.carrier} for plan ${wanted.plan_id} covers this.`;
    case "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH":
      return `${name} differs in ${mismatched?.join(", ") ?? "its bindings"}.`;
    case "AMBIGUOUS_AUTHORIZATION":
      return `${matching?.length ?? "Several"} active grants match: ${matching?.map((one) => one.auth_code).join(", ") ?? ""}.`;
    case "REJECT_AUTH_ALREADY_CONSUMED":
      return `${name} was consumed at ${grant?.consumed_at?.toISOString() ?? "an earlier time"}.`;
    case "REJECT_AUTH_REVOKED":
      return `${name} was revoked at ${grant?.revoked_at?.toISOString() ?? "an earlier time"}.`;
    case "REJECT_AUTH_EXPIRED":
      return `${name} expired at ${grant?.expires_at.toISOString() ?? "an earlier time"}.`;
    case "REJECT_AUTH_NOT_ACTIVE":
      return `${name} is a draft that has not been signed.`;
  }
}
