import { CouncilRecord, CouncilRecordInput, recordDecision } from "../../../plans/index.ts";
import { defineRoute } from "../../route.ts";

export const recordDecisionRoute = defineRoute({
  method: "POST",
  url: "/v1/council-records",
  access: ["council"],
  audit: "council_record.recorded",
  summary: "Record what the council has decided of a step (C-1, C-2)",
  tags: ["plans"],
  schema: { body: CouncilRecordInput, responses: { 201: CouncilRecord }, problems: ["NOT_FOUND", "RECORD_MISMATCH"] },
  handle: async ({ tx, caller, body }) => ({ status: 201, body: await recordDecision(tx, caller, body) }),
});
