import Type, { type Static } from "typebox";
import { Timestamp } from "../kernel/schemas.ts";

export const Finding = Type.Object(
  {
    severity: Type.Enum(["error", "warning", "info"]),
    code: Type.String({ pattern: "^[A-Z][A-Z_]*$" }),
    subject: Type.String(),
    detail: Type.String(),
    remedy: Type.String(),
  },
  { additionalProperties: false },
);
export type Finding = Static<typeof Finding>;

export const Diagnosis = Type.Object(
  { checked_at: Timestamp, findings: Type.Array(Finding) },
  { additionalProperties: false },
);
export type Diagnosis = Static<typeof Diagnosis>;
