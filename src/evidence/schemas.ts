import Type, { type Static } from "typebox";
import { Json, Timestamp } from "../kernel/schemas.ts";

/** The shape of one audit event, as listed. */
export const AuditEvent = Type.Object(
  {
    seq: Type.Integer({ description: "Rises with each event; gaps mean transactions that were rolled back." }),
    occurred_at: Timestamp,
    actor: Type.String(),
    action: Type.String({ examples: ["grant.consumed"] }),
    resource_type: Type.String(),
    resource_id: Type.String(),
    request_id: Type.String(),
    before: Json,
    after: Json,
    digests: Json,
  },
  { additionalProperties: false },
);
export type AuditEvent = Static<typeof AuditEvent>;
