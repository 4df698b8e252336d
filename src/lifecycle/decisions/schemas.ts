import Type, { type Static } from "typebox";
import { Cursor, Digest, Limit, Prose, Timestamp } from "../../kernel/schemas.ts";
import { DatabaseName, Uuid } from "../schemas.ts";

const closed = { additionalProperties: false } as const;
const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const decisionKinds = ["enactment", "supersession", "retirement", "amendment"] as const;
export const DecisionKind = Type.Enum([...decisionKinds], {
  description: "The one transition that it is about. What approved a unit's creation does not approve its enactment.",
});

const content = {
  decision_kind: DecisionKind,
  decision: Type.Enum(["approve", "reject"]),
  subjects: Type.Array(
    Type.String({ minLength: 1, maxLength: 200, pattern: "^[^\\s\\p{C}*](?:[^\\p{Cc}*]*(?:[^\\s\\p{C}*]|/\\*))?$" }),
    {
      minItems: 1,
      maxItems: 1_000,
      uniqueItems: true,
      description: "Addresses, or all addresses below one: a prefix that ends in `/*`.",
      examples: [["ICX-CONST/*"]],
    },
  ),
  reason: Prose(2_000, { examples: ["Enact the 60 units of ICX-CONST."] }),
};

/** What the council decides of units (LIFE-1, LIFE-6). */
export const ReviewDecisionInput = Type.Object(
  { database: DatabaseName, ...content, document_digest: Type.Optional(Digest) },
  closed,
);
export type ReviewDecisionInput = Static<typeof ReviewDecisionInput>;

export const ReviewDecision = Type.Object(
  {
    decision_id: Uuid,
    database: Type.String(),
    ...content,
    document_digest: nullable(Digest),
    decided_by: Type.String(),
    decided_at: Timestamp,
    carried_at: nullable(
      Type.String({ format: "date-time", description: "When the target had it; null while it is on its way." }),
    ),
  },
  closed,
);
export type ReviewDecision = Static<typeof ReviewDecision>;

export const DecisionQuery = Type.Object(
  {
    database: DatabaseName,
    decision_kind: Type.Optional(DecisionKind),
    limit: Limit,
    cursor: Cursor,
  },
  closed,
);
export type DecisionQuery = Static<typeof DecisionQuery>;
