import Type from "typebox";
import { AuthCode, BindingsInput, Verdict, verifyNamedGrant } from "../../../grants/index.ts";
import { defineRoute } from "../../route.ts";
import { verifyProblems } from "./problems.ts";

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
  handle: async ({ tx, caller, params, body }) => ({
    status: 200,
    body: await verifyNamedGrant(tx, caller, params.auth_code, body),
  }),
});
