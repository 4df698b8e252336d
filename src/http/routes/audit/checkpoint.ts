import { LogCheckpoint, readCheckpoint } from "../../../evidence/index.ts";
import { defineRoute } from "../../route.ts";

export const readAuditCheckpoint = defineRoute({
  method: "GET",
  url: "/v1/audit/checkpoint",
  access: ["auditor"],
  summary: "The signed head of the audit log",
  description:
    "The log is a Merkle tree (RFC 9162); its head is signed in the form of C2SP tlog-checkpoint, which is what `accept: text/plain` answers (AUDIT-2).",
  tags: ["audit"],
  etag: false,
  schema: { responses: { 200: LogCheckpoint }, problems: ["NOT_FOUND"] },
  handle: async ({ tx }) => {
    const body = await readCheckpoint(tx);
    return { status: 200, body, text: body.note };
  },
});
