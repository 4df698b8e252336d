import Type from "typebox";
import { retireScope, Scope } from "../../../scopes/index.ts";
import { defineRoute } from "../../route.ts";

export const retireScopeRoute = defineRoute({
  method: "POST",
  url: "/v1/scopes/:scope_id/retire",
  access: ["admin"],
  audit: "scope.retired",
  summary: "Retire a scope",
  description: "Nothing more is minted for it; grants that stand go on. Retiring again answers the first time.",
  tags: ["scopes"],
  schema: {
    params: Type.Object({ scope_id: Type.String({ pattern: "^[1-9]\\d{0,14}$" }) }, { additionalProperties: false }),
    responses: { 200: Scope },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, caller, params }) => ({
    status: 200,
    body: await retireScope(tx, caller, Number(params.scope_id)),
  }),
});
