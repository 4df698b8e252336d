import { problemClass } from "../kernel/problem.ts";

export const ScopeProblem = problemClass("ScopeProblem", {
  SCOPE_CONFLICT: {
    kind: "conflict",
    title: "The scope is registered otherwise",
    remedy: "A scope never changes: retire the one that stands, then register the new one.",
  },
});
