import Type, { type Static } from "typebox";
import { Digest, Timestamp } from "../../kernel/schemas.ts";
import { BuildName, Root, RunAuthCode, RunStatusName, TargetName } from "../../runs/index.ts";
import { ReviewDecision } from "../decisions/schemas.ts";
import { TransitionName, Uuid } from "../schemas.ts";
import { LogLine } from "../units/schemas.ts";

const closed = { additionalProperties: false } as const;
const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

/** A unit of the run: as it was approved, and as it is now. */
export const ClosedUnit = Type.Object(
  {
    canonical_address: Type.String(),
    version_id: Type.String({ description: "What was enacted or retired; of a supersession the new version." }),
    version_digest: Digest,
    log_ids: Type.Array(Type.Integer(), { description: "The run's own lines of the log." }),
    unit_status: nullable(Type.String()),
    version_status: nullable(Type.String()),
    digest_now: nullable(Type.String()),
    since: nullable(Type.String({ description: "The last transition, where it is not of this run." })),
    passed: Type.Boolean({
      description:
        "It has the run's lines, its content is what was approved, and its status is what the log says last.",
    }),
  },
  closed,
);
export type ClosedUnit = Static<typeof ClosedUnit>;

export const ClosedCount = Type.Object(
  { name: Type.String(), expected: Type.Integer(), found: Type.Integer(), passed: Type.Boolean() },
  closed,
);
export type ClosedCount = Static<typeof ClosedCount>;

/** What a finished lifecycle run was allowed to do, has done, and has left (LIFE-6). */
export const CloseOut = Type.Object(
  {
    idempotency_root: Root,
    build: BuildName,
    transition: TransitionName,
    mode: Type.Enum(["dry-run", "commit"]),
    database: TargetName,
    status: RunStatusName,
    stop_state: nullable(Type.String()),
    executor: Type.String(),
    created_at: Timestamp,
    finished_at: nullable(Timestamp),
    taken_at: Timestamp,
    passed: Type.Boolean({
      description:
        "Whether the target holds what the run's end says, each unit stands as the log says, and the decisions are those of the council.",
    }),
    approval: Type.Object(
      {
        auth_code: RunAuthCode,
        request_ref: Type.String(),
        requested_by: Type.String(),
        voters: Type.Array(Type.String()),
        signed_by: nullable(Type.String()),
        manifest_digest: Digest,
        decisions: Type.Array(
          Type.Object(
            {
              decision_id: Uuid,
              of: Type.Enum(["transition", "compensation"]),
              record: nullable(ReviewDecision),
              problem: nullable(
                Type.String({ description: "Why it is no decision of the council for this database, word for word." }),
              ),
            },
            closed,
          ),
          {
            description:
              "`record` is null for a decision that was recorded in the target without the service: what rests on one is not closed out as passed.",
          },
        ),
        change_set_id: nullable(Uuid),
        reason: Type.String(),
      },
      closed,
    ),
    gateway: Type.Object({ approved: Digest, now: Digest }, closed),
    counts: Type.Array(ClosedCount),
    units: Type.Array(ClosedUnit),
    log: Type.Array(LogLine),
    row_counts: Type.Array(Type.Object({ table: Type.String(), rows: Type.Integer() }, closed)),
  },
  closed,
);
export type CloseOut = Static<typeof CloseOut>;
