import Type from "typebox";
import { ApprovalRequest, AprCode, readRequest, rehearsalOf } from "../../../approvals/index.ts";
import { Rehearsal, rehearsalNamed } from "../../../rehearsals/index.ts";
import { defineRoute } from "../../route.ts";

export const readApprovalRequest = defineRoute({
  method: "GET",
  url: "/v1/approval-requests/:apr_code",
  access: "any",
  summary: "Read one approval request",
  description:
    "With its digest, votes, quorum, result, the code of its grant, who may still decide (OPEN-8), and the rehearsal that " +
    "it stands on, with what that has shown (OPEN-1).",
  tags: ["approval requests"],
  schema: {
    params: Type.Object({ apr_code: AprCode }, { additionalProperties: false }),
    responses: {
      200: Type.Object(
        { ...ApprovalRequest.properties, rehearsal: Type.Union([Rehearsal, Type.Null()]) },
        { additionalProperties: false },
      ),
    },
    problems: ["NOT_FOUND"],
  },
  async handle({ tx, params }) {
    const request = await readRequest(tx, params.apr_code);
    const ref = await rehearsalOf(tx, params.apr_code);
    return { status: 200, body: { ...request, rehearsal: ref === undefined ? null : await rehearsalNamed(tx, ref) } };
  },
});
