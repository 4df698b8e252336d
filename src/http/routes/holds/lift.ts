import Type from "typebox";
import { Hold, HoldId, LiftInput, liftHold } from "../../../holds/index.ts";
import { defineRoute } from "../../route.ts";

export const liftHoldRoute = defineRoute({
  method: "POST",
  url: "/v1/holds/:id/lift",
  access: ["operator", "sovereign"],
  audit: "hold.lifted",
  summary: "Lift a hold",
  description: "Others that stand beside it go on standing. Lifting again answers the first lift.",
  tags: ["holds"],
  schema: {
    params: Type.Object({ id: HoldId }, { additionalProperties: false }),
    body: LiftInput,
    responses: { 200: Hold },
    problems: ["NOT_FOUND", "HOLD_AWAITS_RECOVERY"],
  },
  bodyOptional: true,
  handle: async ({ tx, caller, params, body }) => ({
    status: 200,
    body: await liftHold(tx, caller, params.id, body ?? {}),
  }),
});
