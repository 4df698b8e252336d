import { problemClass } from "../kernel/problem.ts";

export const PrincipalProblem = problemClass("PrincipalProblem", {
  PRINCIPAL_CONFLICT: {
    kind: "conflict",
    title: "The principal exists with other roles",
    remedy: "Leave the roles out to make a token for the principal as it is.",
  },
  PRINCIPAL_RESERVED: {
    kind: "unprocessable",
    title: "The name is reserved",
    remedy: "Take a name that does not begin with `service:`.",
  },
  SERVER_KEYS_DIFFER: {
    kind: "internal",
    title: "The server keys are not those of this database",
    remedy: "Give every service on one database the same SERVER_KEYS.",
  },
});
