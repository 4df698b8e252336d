import { registerScope, Scope, ScopeInput } from "../../../scopes/index.ts";
import { defineRoute } from "../../route.ts";

export const registerScopeRoute = defineRoute({
  method: "POST",
  url: "/v1/scopes",
  access: ["admin"],
  audit: "scope.registered",
  summary: "Register a scope",
  description: "The same again answers the one that stands. A scope never changes: retire it and register another.",
  tags: ["scopes"],
  schema: { body: ScopeInput, responses: { 200: Scope, 201: Scope }, problems: ["SCOPE_CONFLICT"] },
  async handle({ tx, caller, body, services }) {
    const { created, scope } = await registerScope(tx, caller, body, services.runs.targets);
    return { status: created ? 201 : 200, body: scope };
  },
});
