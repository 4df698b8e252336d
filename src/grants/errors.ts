import { problemClass } from "../kernel/problem.ts";

export const GrantProblem = problemClass("GrantProblem", {
  G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION: {
    kind: "forbidden",
    title: "There is no grant for this",
    remedy: "Have the change approved and the approval executed, then ask again.",
  },
  CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH: {
    kind: "forbidden",
    title: "The grant is for something else",
    remedy:
      "The bindings named in `mismatched` differ from what was approved. Run what was approved, or have this approved.",
  },
  AMBIGUOUS_AUTHORIZATION: {
    kind: "conflict",
    title: "More than one grant matches",
    remedy: "Name the grant by its auth_code, or revoke the one that is not wanted.",
  },
  REJECT_AUTH_ALREADY_CONSUMED: {
    kind: "conflict",
    title: "The grant was used",
    remedy: "A grant is good for one run. Have the change approved again.",
  },
  REJECT_AUTH_REVOKED: {
    kind: "conflict",
    title: "The grant was revoked",
    remedy: "Ask whoever revoked it; have the change approved again if it is still wanted.",
  },
  REJECT_AUTH_EXPIRED: {
    kind: "conflict",
    title: "The grant has expired",
    remedy: "Have the change approved again, with a longer ttl_seconds if need be.",
  },
  REJECT_AUTH_NOT_ACTIVE: {
    kind: "conflict",
    title: "The grant is not active yet",
    remedy: "A commit-mode grant becomes active once a sovereign has signed it.",
  },
  REJECT_SIGNATURE_KEY_REVOKED: {
    kind: "conflict",
    title: "The key that signed the grant was revoked",
    remedy: "Revoke the grant, have the change approved again, and have it signed with a key that is in force.",
  },
});
export type GrantCode = keyof typeof GrantProblem.table;
