import Type from "typebox";
import { AprCode } from "../../../approvals/index.ts";
import { Grant, GrantStatus, listGrants } from "../../../grants/index.ts";
import { Cursor, Limit, Name, Page, Principal, SearchText } from "../../../kernel/schemas.ts";
import { defineRoute } from "../../route.ts";

export const listGrantsRoute = defineRoute({
  method: "GET",
  url: "/v1/grants",
  access: "any",
  summary: "List grants",
  tags: ["grants"],
  schema: {
    query: Type.Object(
      {
        limit: Limit,
        cursor: Cursor,
        status: Type.Optional(GrantStatus),
        request_ref: Type.Optional(AprCode),
        target: Type.Optional(Name(120)),
        environment: Type.Optional(Name(120)),
        executor: Type.Optional(Principal),
        plan_id: Type.Optional(Name(200)),
        q: Type.Optional(SearchText),
      },
      { additionalProperties: false },
    ),
    responses: { 200: Page(Grant) },
  },
  handle: async ({ tx, query }) => ({ status: 200, body: await listGrants(tx, query) }),
});
