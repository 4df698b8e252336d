import Type from "typebox";
import { readReviewDecision, ReviewDecision, Uuid } from "../../../lifecycle/index.ts";
import { defineRoute } from "../../route.ts";

export const readReviewDecisionRoute = defineRoute({
  method: "GET",
  url: "/v1/review-decisions/:decision_id",
  access: "any",
  summary: "Read a review decision",
  tags: ["lifecycle"],
  schema: {
    params: Type.Object({ decision_id: Uuid }, { additionalProperties: false }),
    responses: { 200: ReviewDecision },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, params }) => ({ status: 200, body: await readReviewDecision(tx, params.decision_id) }),
});
