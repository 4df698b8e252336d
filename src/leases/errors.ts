import { problemClass } from "../kernel/problem.ts";

export const LeaseProblem = problemClass("LeaseProblem", {
  LEASE_HELD: {
    kind: "conflict",
    title: "The lease is held",
    remedy:
      "Wait for `retry-after` seconds: the lease lapses or is released. Nothing was changed, the grant is untouched.",
  },
  LEASE_TOKEN_INVALID: {
    kind: "forbidden",
    title: "The lease token is not the current one",
    remedy: "Stop working under this lease: it was released, has lapsed or was taken over.",
  },
  FENCED_OUT: {
    kind: "conflict",
    title: "A newer holder has the fence",
    remedy: "Stop: the lease was taken over, and nothing more may be written under this fencing token.",
  },
});
