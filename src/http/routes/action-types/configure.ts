import Type from "typebox";
import { ActionCode, ActionType, ActionTypeInput, configureActionType } from "../../../approvals/index.ts";
import { handlerRefs } from "../../../dispatch/index.ts";
import { defineRoute } from "../../route.ts";

export const configureActionTypeRoute = defineRoute({
  method: "PUT",
  url: "/v1/action-types/:code",
  access: ["admin"],
  audit: "action_type.configured",
  summary: "Register, change or retire an action type",
  description:
    "A quorum that could never be reached is refused (OPEN-6). Types retire, they are never deleted (APR-4).",
  tags: ["action types"],
  schema: {
    params: Type.Object({ code: ActionCode }, { additionalProperties: false }),
    body: ActionTypeInput,
    responses: { 200: ActionType, 201: ActionType },
    problems: ["QUORUM_UNSATISFIABLE", "ACTION_TYPE_RETIRED"],
  },
  async handle({ tx, caller, params, body }) {
    const { created, type } = await configureActionType(tx, caller, params.code, body, handlerRefs);
    return { status: created ? 201 : 200, body: type };
  },
});
