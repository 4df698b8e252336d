import Type, { type Static } from "typebox";
import { Digest, Json, Timestamp } from "../../kernel/schemas.ts";
import { TargetName } from "../../runs/index.ts";

const closed = { additionalProperties: false } as const;

/** One row of the report: what must be, what is, and whether that is well. */
export const Check = Type.Object(
  {
    id: Type.String({ description: "Names the row, the same in every report.", examples: ["P-1"] }),
    title: Type.String(),
    expected: Json,
    found: Json,
    verdict: Type.Enum(["passed", "failed", "recorded"], {
      description: "`recorded`: the document gives no value for it and nobody has accepted one; it is written down.",
    }),
    passed: Type.Boolean({ description: "False only where the verdict is `failed`." }),
    note: Type.Optional(Type.String()),
  },
  closed,
);
export type Check = Static<typeof Check>;

/** One cell of the role matrix (LIFE-3). */
export const RoleCell = Type.Object(
  {
    object: Type.String({ examples: ["public.iu_lifecycle_log"] }),
    role: Type.String({ examples: ["cutter_exec"] }),
    privilege: Type.String({ examples: ["SELECT"] }),
    expected: Type.Boolean(),
    found: Type.Union([Type.Boolean(), Type.Null()], { description: "Null where the role or the object is missing." }),
    passed: Type.Boolean(),
  },
  closed,
);
export type RoleCell = Static<typeof RoleCell>;

export const RowCount = Type.Object(
  {
    table: Type.String({ examples: ["public.unit_version"] }),
    before: Type.Union([Type.Integer(), Type.Null()], { description: "Null where there is no such table." }),
    after: Type.Union([Type.Integer(), Type.Null()]),
  },
  closed,
);
export type RowCount = Static<typeof RowCount>;

export const Contradiction = Type.Object(
  {
    canonical_address: Type.String(),
    version_id: Type.Union([Type.String(), Type.Null()]),
    problem: Type.String({ examples: ["the version is enacted, and no row of the log says so"] }),
  },
  closed,
);
export type Contradiction = Static<typeof Contradiction>;

const passed = Type.Boolean();

/** What the probes of a target have found (LIFE-3, LIFE-4, LIFE-5). */
export const VerificationReport = Type.Object(
  {
    database: TargetName,
    taken_at: Timestamp,
    gateway_digest: {
      ...Digest,
      description: "Of all that decides what the gateway lets through; what a baseline accepts (OPEN-10).",
    },
    digest: { ...Digest, description: "Of the report but for `taken_at` and this: equal for equal findings." },
    passed: Type.Boolean({ description: "Whether everything that must be there is, and as it must be." }),
    acceptable: Type.Boolean({
      description:
        "Whether nothing fails but what a sovereign's acceptance settles: bodies and counts of a base that is not the document's.",
    }),
    bodies_to_name: Type.Record(Type.String(), Type.String(), {
      description: "Bodies, `md5(prosrc)` by signature, that the sovereign has to name in `accepted_bodies`.",
    }),
    existence: Type.Object({ passed, probes: Type.Array(Check) }, closed),
    behaviour: Type.Object({ passed, probes: Type.Array(Check), row_counts: Type.Array(RowCount) }, closed),
    roles: Type.Object({ passed, cells: Type.Array(RoleCell), posture: Type.Array(Check) }, closed),
    fingerprints: Type.Object({ passed, schema: Type.Array(Check), data: Type.Array(Check) }, closed),
    backlog: Type.Object(
      {
        installed: Type.Boolean({ description: "Whether anything of plans/lifecycle-backlog.yaml is there." }),
        passed: Type.Boolean({ description: "Counts in `passed` above only where it is installed." }),
        probes: Type.Array(Check),
      },
      closed,
    ),
    consistency: Type.Object(
      {
        passed,
        units: Type.Integer({ description: "Units whose status is not draft." }),
        versions: Type.Integer({ description: "Versions whose status is not draft." }),
        log_rows: Type.Integer(),
        contradictions: Type.Integer(),
        examples: Type.Array(Contradiction, { description: "Up to 20 of them." }),
      },
      closed,
    ),
  },
  closed,
);
export type VerificationReport = Static<typeof VerificationReport>;
