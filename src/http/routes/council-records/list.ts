import { Page } from "../../../kernel/schemas.ts";
import { CouncilQuery, CouncilRecord, listCouncilRecords } from "../../../plans/index.ts";
import { defineRoute } from "../../route.ts";

export const listCouncilRecordsRoute = defineRoute({
  method: "GET",
  url: "/v1/council-records",
  access: "any",
  summary: "List council records",
  tags: ["plans"],
  schema: { query: CouncilQuery, responses: { 200: Page(CouncilRecord) } },
  handle: async ({ tx, query }) => ({ status: 200, body: await listCouncilRecords(tx, query) }),
});
