import { createHash } from "node:crypto";
import Type from "typebox";
import { digestOfBytes } from "../../../kernel/json.ts";
import { ApprovalCode, ProposalPayload, readProposalPayload } from "../../../plans/index.ts";
import { defineRoute } from "../../route.ts";

export const proposalPayloadRoute = defineRoute({
  method: "GET",
  url: "/v1/proposal-approvals/:approval_code/signing-payload",
  access: ["sovereign"],
  summary: "The exact bytes that a sovereign signs of a record",
  description:
    "RFC 8785 canonical JSON: sign the body as it is. Its digest is in `content-digest` and `payload-digest`.",
  tags: ["plans"],
  schema: {
    params: Type.Object({ approval_code: ApprovalCode }, { additionalProperties: false }),
    responses: { 200: ProposalPayload },
    problems: ["NOT_FOUND", "ESIGN_INVALID"],
  },
  async handle({ tx, params }) {
    const payload = await readProposalPayload(tx, params.approval_code);
    const headers = {
      "content-digest": `sha-256=:${createHash("sha256").update(payload).digest("base64")}:`,
      "payload-digest": digestOfBytes(payload),
    };
    return { status: 200, body: JSON.parse(payload) as ProposalPayload, headers };
  },
});
