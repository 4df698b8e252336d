import Type, { type Static } from "typebox";
import { Name, Principal, Prose, Timestamp } from "../kernel/schemas.ts";
import { holdStatuses } from "./states.ts";

const closed = { additionalProperties: false } as const;
const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const HoldId = Type.String({
  format: "uuid",
  pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
  examples: ["7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11"],
});

export const HoldInput = Type.Object(
  {
    environment: Type.Optional(
      Type.Union([Name(120, { examples: ["production"] }), Type.Null()], {
        description: "What it stops; everything if absent or null.",
      }),
    ),
    reason: Prose(2000, { examples: ["Incident 4711: the vocabulary is being read by a partner right now."] }),
  },
  closed,
);
export type HoldInput = Static<typeof HoldInput>;

export const LiftInput = Type.Object(
  { reason: Type.Optional(Prose(2000, { examples: ["The incident is over."] })) },
  closed,
);
export type LiftInput = Static<typeof LiftInput>;

/** REGISTRATION_HOLD as a row: what it stops, who placed it and why (GRANT-9). */
export const Hold = Type.Object(
  {
    id: HoldId,
    environment: nullable(Type.String({ description: "null: everything." })),
    status: Type.Enum([...holdStatuses]),
    reason: Type.String(),
    placed_by: Principal,
    placed_at: Timestamp,
    lifted_by: nullable(Principal),
    lifted_at: nullable(Timestamp),
    lifted_reason: nullable(Type.String()),
  },
  closed,
);
export type Hold = Static<typeof Hold>;
