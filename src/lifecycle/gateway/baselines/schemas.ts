import Type, { type Static } from "typebox";
import { Cursor, Digest, Limit, Prose, Timestamp } from "../../../kernel/schemas.ts";
import { DatabaseName } from "../../schemas.ts";

const closed = { additionalProperties: false } as const;

/** A gateway as a sovereign accepts it (OPEN-10). */
export const BaselineInput = Type.Object(
  {
    database: DatabaseName,
    gateway_digest: Digest,
    reason: Prose(2_000, { examples: ["lifecycle-enactment, steps 0 to 6, as committed on 2 June."] }),
  },
  closed,
);
export type BaselineInput = Static<typeof BaselineInput>;

export const Baseline = Type.Object(
  {
    baseline_id: Type.Integer({ minimum: 1 }),
    database: Type.String(),
    gateway_digest: Digest,
    objects: Type.Integer({ description: "How many objects of the gateway it holds." }),
    reason: Type.String(),
    taken_by: Type.String(),
    taken_at: Timestamp,
  },
  closed,
);
export type Baseline = Static<typeof Baseline>;

export const BaselineQuery = Type.Object({ database: DatabaseName, limit: Limit, cursor: Cursor }, closed);
export type BaselineQuery = Static<typeof BaselineQuery>;
