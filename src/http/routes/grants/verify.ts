import { apart, BindingsInput, Verdict, verifyGrant } from "../../../grants/index.ts";
import { defineRoute } from "../../route.ts";
import { verifyProblems } from "./problems.ts";
import { seesTarget } from "./sees.ts";

export const verifyGrantRoute = defineRoute({
  method: "POST",
  url: "/v1/grants/verify",
  access: ["executor", "operator"],
  audit: null,
  mutates: false,
  summary: "Verify that a live grant covers these bindings",
  description:
    "Changes nothing. Every refusal is an error status, and names the bindings that differ (GRANT-1, GRANT-2).",
  tags: ["grants"],
  schema: { body: BindingsInput, responses: { 200: Verdict }, problems: verifyProblems },
  countsAs: "verify",
  async together({ caller, body, services }) {
    const verdict = await services.grants.verify({ caller, input: body });
    return verdict === apart ? undefined : { status: 200, body: verdict };
  },
  sees: ({ services, body }) => seesTarget(services, body),
  handle: async ({ tx, caller, body, sightings }) => ({
    status: 200,
    body: await verifyGrant(tx, caller, body, sightings),
  }),
});
