import { problemClass } from "../kernel/problem.ts";

export const LifecycleProblem = problemClass("LifecycleProblem", {
  GATEWAY_NOT_INSTALLED: {
    kind: "conflict",
    title: "The target database has no lifecycle gateway",
    remedy:
      "Roll plans/lifecycle-enactment.yaml out, and plans/lifecycle-backlog.yaml for supersession and retirement.",
  },
  GATEWAY_CHANGED: {
    kind: "conflict",
    title: "The lifecycle gateway is not the one that was named",
    remedy:
      "POST /v1/lifecycle/watch says what differs. Find out who changed it; then put it right, or have it accepted anew.",
  },
  GATEWAY_INCOMPLETE: {
    kind: "conflict",
    title: "The lifecycle gateway does not pass its verification",
    remedy: "POST /v1/lifecycle/verification says which probe fails; a gateway is accepted once all pass.",
  },
  TRANSITION_REFUSED: {
    kind: "conflict",
    title: "The lifecycle gateway refuses the transition",
    remedy:
      "The detail names the first unit with the gateway's own status; POST /v1/lifecycle/manifests says it of each. Mend what it names and ask again.",
  },
  UNIT_MOVED: {
    kind: "conflict",
    title: "A unit is not the version that was approved",
    remedy: "Have a manifest made of the units as they are now, and have that one approved.",
  },
});
