import Type, { type Static } from "typebox";
import { Cursor, Digest, Json, Limit, Prose, Timestamp } from "../../kernel/schemas.ts";
import { GatewayDifference } from "../gateway/schemas.ts";
import { DatabaseName } from "../schemas.ts";
import { incidentStatuses } from "../states.ts";

const closed = { additionalProperties: false } as const;
const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const incidentKinds = ["gateway_changed", "direct_write_refused", "log_contradicted"] as const;
export const IncidentKind = Type.Enum([...incidentKinds], {
  description:
    "What was found: another gateway than the accepted one, a write past it that was refused, or a log that the units contradict.",
});
export type IncidentKind = Static<typeof IncidentKind>;
export const IncidentStatus = Type.Enum([...incidentStatuses]);

export const Incident = Type.Object(
  {
    incident_id: Type.Integer({ minimum: 1 }),
    database: Type.String(),
    kind: IncidentKind,
    subject: Type.String({
      description: "The object that it is about.",
      examples: ["trigger public.information_unit.trg_aa_iu_gateway_write_guard"],
    }),
    sighting: Type.String({
      description: "What makes two sightings the same: the change itself, or the line of the server's log.",
    }),
    detail: Json,
    status: IncidentStatus,
    opened_at: Timestamp,
    resolved_at: nullable(Timestamp),
    resolved_by: nullable(Type.String()),
    resolved_reason: nullable(Type.String()),
  },
  closed,
);
export type Incident = Static<typeof Incident>;

export const IncidentQuery = Type.Object(
  {
    database: DatabaseName,
    status: Type.Optional(IncidentStatus),
    kind: Type.Optional(IncidentKind),
    limit: Limit,
    cursor: Cursor,
  },
  closed,
);
export type IncidentQuery = Static<typeof IncidentQuery>;

export const IncidentId = Type.String({ pattern: "^[1-9][0-9]{0,17}$", examples: ["17"] });

export const ResolveInput = Type.Object(
  { reason: Prose(2_000, { examples: ["The trigger was disabled for a restore, and is enabled again."] }) },
  closed,
);
export type ResolveInput = Static<typeof ResolveInput>;

export const WatchInput = Type.Object({ database: DatabaseName }, closed);

export const DetectorState = Type.Enum(["reading", "not_installed", "no_log", "failing"], {
  description:
    "Whether refused writes are seen: the detector may not be there or not be ours to call, the server may keep no log that can be read, or the detector may fail.",
});
export type DetectorState = Static<typeof DetectorState>;

/** What a look at the gateway of one target has found (OPEN-10). */
export const WatchReport = Type.Object(
  {
    database: Type.String(),
    baseline_id: nullable(
      Type.Integer({ description: "What it was compared with; null where none was accepted yet." }),
    ),
    gateway_digest: Digest,
    differences: Type.Array(GatewayDifference),
    opened: Type.Array(Type.Integer(), { description: "The incidents that this look has opened." }),
    detector: Type.Object(
      {
        state: DetectorState,
        refused_since: Type.Integer({ description: "Refused writes in the server's log since the look before." }),
      },
      closed,
    ),
    consistency: Type.Object(
      {
        compared: Type.Boolean({
          description:
            "Whether units were compared with their log, its decisions with those of the council, and its lines with what they were; not before a gateway is accepted, nor where it takes too long.",
        }),
        contradictions: Type.Integer(),
      },
      closed,
    ),
    skipped: Type.Integer({ description: "Sightings that could not be stored, and of which there is no incident." }),
  },
  closed,
);
export type WatchReport = Static<typeof WatchReport>;
