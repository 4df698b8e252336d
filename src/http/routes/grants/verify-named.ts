import Type from "typebox";
import { AuthCode, BindingsInput, Verdict, verifyNamedGrant } from "../../../grants/index.ts";
import { defineRoute } from "../../route.ts";
import { verifyProblems } from "./problems.ts";
import { seesTarget } from "./sees.ts";

export const verifyNamedGrantRoute = defineRoute({
  method: "POST",
  url: "/v1/grants/:auth_code/verify",
  access: ["executor", "operator"],
  audit: null,
  mutates: false,
  summary: "Verify that this grant covers these bindings",
  tags: ["grants"],
  schema: {
    params: Type.Object({ auth_code: AuthCode }, { additionalProperties: false }),
    body: BindingsInput,
    responses: { 200: Verdict },
    problems: ["NOT_FOUND", ...verifyProblems],
  },
  countsAs: "verify",
  sees: ({ services, params, body }) => seesTarget(services, body, params.auth_code),
  handle: async ({ tx, caller, params, body, sightings }) => ({
    status: 200,
    body: await verifyNamedGrant(tx, caller, params.auth_code, body, sightings),
  }),
});
