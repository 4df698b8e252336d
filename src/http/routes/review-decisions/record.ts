import { recordReviewDecision, ReviewDecision, ReviewDecisionInput } from "../../../lifecycle/index.ts";
import { defineRoute } from "../../route.ts";

export const recordReviewDecisionRoute = defineRoute({
  method: "POST",
  url: "/v1/review-decisions",
  access: ["council"],
  audit: "review_decision.recorded",
  summary: "Record what the council has decided of units",
  description:
    "One kind of transition, for the addresses that it names. The target gets it right after, in cutter_governance.review_decision; `carried_at` of GET /v1/review-decisions/{decision_id} says when (LIFE-6).",
  tags: ["lifecycle"],
  schema: { body: ReviewDecisionInput, responses: { 201: ReviewDecision } },
  handle: async ({ tx, caller, body, services }) => ({
    status: 201,
    body: await recordReviewDecision(tx, caller, body, services.lifecycle.databases),
  }),
  committed: (services) => services.lifecycle.wake(),
});
