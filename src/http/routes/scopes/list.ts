import Type from "typebox";
import { Cursor, Limit, Name, Page } from "../../../kernel/schemas.ts";
import { listScopes, Scope, scopeStatuses } from "../../../scopes/index.ts";
import { defineRoute } from "../../route.ts";

export const listScopesRoute = defineRoute({
  method: "GET",
  url: "/v1/scopes",
  access: "any",
  summary: "List scopes",
  description: "Where commit-mode grants may be for, with the actions that each allows and the lease of its runs.",
  tags: ["scopes"],
  schema: {
    query: Type.Object(
      {
        limit: Limit,
        cursor: Cursor,
        status: Type.Optional(Type.Enum([...scopeStatuses])),
        carrier: Type.Optional(Name(40)),
        target: Type.Optional(Name(120)),
        environment: Type.Optional(Name(120)),
      },
      { additionalProperties: false },
    ),
    responses: { 200: Page(Scope) },
  },
  handle: async ({ tx, query }) => ({ status: 200, body: await listScopes(tx, query) }),
});
