import Type, { type Static } from "typebox";
import { Digest, Json, Timestamp } from "../kernel/schemas.ts";

/** A rehearsal that a dry-run has left on record (OPEN-1). */
export const Rehearsal = Type.Object(
  {
    rehearsal_ref: Digest,
    passed: Type.Boolean(),
    idempotency_root: Type.String(),
    auth_code: Type.String(),
    build: Type.String(),
    database: Type.String(),
    fingerprint: Type.String({
      description: "Of what the build names in the target, before the rehearsal and after it.",
    }),
    recorded_at: Timestamp,
    content: Json,
  },
  { additionalProperties: false },
);
export type Rehearsal = Static<typeof Rehearsal>;
