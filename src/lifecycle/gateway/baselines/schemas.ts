import Type, { type Static } from "typebox";
import { Cursor, Digest, Limit, Prose, Timestamp } from "../../../kernel/schemas.ts";
import { DatabaseName } from "../../schemas.ts";

const closed = { additionalProperties: false } as const;

/** A gateway as a sovereign accepts it (OPEN-10). */
export const BaselineInput = Type.Object(
  {
    database: DatabaseName,
    gateway_digest: Digest,
    accepted_bodies: Type.Optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 300 }), Type.String({ pattern: "^[0-9a-f]{32}$" }), {
        maxProperties: 20,
        description:
          "`md5(prosrc)` by signature of what the verification report has in `bodies_to_name`: of another base than the " +
          "document's, the guard and the recorder of decisions.",
      }),
    ),
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
