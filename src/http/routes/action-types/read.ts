import Type from "typebox";
import { ActionCode, ActionType, readActionType } from "../../../approvals/index.ts";
import { defineRoute } from "../../route.ts";

export const readActionTypeRoute = defineRoute({
  method: "GET",
  url: "/v1/action-types/:code",
  access: "any",
  summary: "Read one action type",
  tags: ["action types"],
  schema: {
    params: Type.Object({ code: ActionCode }, { additionalProperties: false }),
    responses: { 200: ActionType },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, params }) => ({ status: 200, body: await readActionType(tx, params.code) }),
});
