import Type from "typebox";
import { RevokeInput } from "../../../grants/index.ts";
import { CouncilRecord, RecordCode, revokeCouncilRecord } from "../../../plans/index.ts";
import { defineRoute } from "../../route.ts";

export const revokeCouncilRecordRoute = defineRoute({
  method: "POST",
  url: "/v1/council-records/:record_code/revoke",
  access: ["council"],
  audit: "council_record.revoked",
  summary: "Take a council record back",
  tags: ["plans"],
  schema: {
    params: Type.Object({ record_code: RecordCode }, { additionalProperties: false }),
    body: RevokeInput,
    responses: { 200: CouncilRecord },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, caller, params, body }) => ({
    status: 200,
    body: await revokeCouncilRecord(tx, caller, params.record_code, body.reason),
  }),
});
