import { Page } from "../../../kernel/schemas.ts";
import { Baseline, BaselineQuery, listBaselines } from "../../../lifecycle/index.ts";
import { defineRoute } from "../../route.ts";

export const listBaselinesRoute = defineRoute({
  method: "GET",
  url: "/v1/lifecycle/baselines",
  access: "any",
  summary: "List the lifecycle gateways that were accepted",
  description: "Newest first; the newest of a database counts.",
  tags: ["lifecycle"],
  schema: { query: BaselineQuery, responses: { 200: Page(Baseline) } },
  handle: async ({ tx, query }) => ({ status: 200, body: await listBaselines(tx, query) }),
});
