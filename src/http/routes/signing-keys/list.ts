import Type from "typebox";
import { Cursor, Limit, Page, Principal } from "../../../kernel/schemas.ts";
import { listSigningKeys, SigningKey, shownKeyStatuses } from "../../../signatures/index.ts";
import { defineRoute } from "../../route.ts";

export const listSigningKeysRoute = defineRoute({
  method: "GET",
  url: "/v1/signing-keys",
  access: ["sovereign", "council", "admin", "auditor", "operator"],
  summary: "List signing keys",
  tags: ["signing keys"],
  schema: {
    query: Type.Object(
      {
        limit: Limit,
        cursor: Cursor,
        status: Type.Optional(Type.Enum([...shownKeyStatuses])),
        principal: Type.Optional(Principal),
      },
      { additionalProperties: false },
    ),
    responses: { 200: Page(SigningKey) },
  },
  handle: async ({ tx, query }) => ({ status: 200, body: await listSigningKeys(tx, query) }),
});
