import Type from "typebox";
import { ActionType, listActionTypes } from "../../../approvals/index.ts";
import { Cursor, Limit, Page } from "../../../kernel/schemas.ts";
import { defineRoute } from "../../route.ts";

export const listActionTypesRoute = defineRoute({
  method: "GET",
  url: "/v1/action-types",
  access: "any",
  summary: "List the routing table",
  tags: ["action types"],
  schema: {
    query: Type.Object({ limit: Limit, cursor: Cursor }, { additionalProperties: false }),
    responses: { 200: Page(ActionType) },
  },
  handle: async ({ tx, query }) => ({ status: 200, body: await listActionTypes(tx, query) }),
});
