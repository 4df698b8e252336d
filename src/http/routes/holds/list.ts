import Type from "typebox";
import { Hold, holdStatuses, listHolds } from "../../../holds/index.ts";
import { Cursor, Limit, Name, Page } from "../../../kernel/schemas.ts";
import { defineRoute } from "../../route.ts";

export const listHoldsRoute = defineRoute({
  method: "GET",
  url: "/v1/holds",
  access: ["operator", "sovereign", "executor", "auditor"],
  summary: "List holds",
  tags: ["holds"],
  schema: {
    query: Type.Object(
      {
        limit: Limit,
        cursor: Cursor,
        status: Type.Optional(Type.Enum([...holdStatuses])),
        environment: Type.Optional(
          Name(120, { description: "What stands against it: its own holds and the global ones." }),
        ),
      },
      { additionalProperties: false },
    ),
    responses: { 200: Page(Hold) },
  },
  handle: async ({ tx, query }) => ({ status: 200, body: await listHolds(tx, query) }),
});
