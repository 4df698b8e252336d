import { Baseline, BaselineInput, defaultDatabase, seeVerified, takeBaseline } from "../../../lifecycle/index.ts";
import { defineRoute, slowAnswerMs } from "../../route.ts";
import { openNamed, targetProblems } from "./target.ts";

export const takeBaselineRoute = defineRoute({
  method: "POST",
  url: "/v1/lifecycle/baselines",
  access: ["sovereign"],
  audit: "gateway.accepted",
  summary: "Accept the lifecycle gateway of a target as it is",
  description:
    "The watch compares with it from here on. `gateway_digest` is the one of the verification report; the gateway must " +
    "still be that one, and its verification must pass. Bodies of another base than the document's are settled by the first " +
    "acceptance, those in `bodies_to_name` only where `accepted_bodies` names them as they are (OPEN-10).",
  tags: ["lifecycle"],
  timeoutMs: slowAnswerMs,
  schema: {
    body: BaselineInput,
    responses: { 201: Baseline },
    problems: [...targetProblems, "GATEWAY_CHANGED", "GATEWAY_INCOMPLETE"],
  },
  async looks({ body, services }) {
    const { database = defaultDatabase } = body;
    return seeVerified(await openNamed(services, database), () => services.lifecycle.passes(database));
  },
  handle: async ({ tx, caller, body, looked }) => ({
    status: 201,
    body: await takeBaseline(tx, caller, body, looked),
  }),
});
