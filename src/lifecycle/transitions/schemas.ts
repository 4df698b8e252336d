import Type, { type Static } from "typebox";
import { AuthCode, BindingsInput } from "../../grants/index.ts";
import { Digest, Json, Prose } from "../../kernel/schemas.ts";
import { BuildName, Root, TargetName } from "../../runs/index.ts";
import { Address, AddressPrefix, DatabaseName, TransitionName, Uuid, uuidPattern } from "../schemas.ts";

const closed = { additionalProperties: false } as const;
const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

/** The most units of one run: all of them are moved in one transaction of the target. */
export const mostUnits = 500;

/** A unit and the version that it stands for, as it was approved. */
export const ManifestUnit = Type.Object(
  {
    canonical_address: Address,
    version_id: Uuid,
    version_digest: Digest,
    new_version_id: Type.Optional(Uuid),
    new_version_digest: Type.Optional(Digest),
    identity_digest: Type.String({
      pattern: "^sha256:[0-9a-f]{64}$",
      description: "Of what will be in force: the unit, its kind and identity profile, the version's title and body.",
    }),
  },
  closed,
);
export type ManifestUnit = Static<typeof ManifestUnit>;

const wording = Prose(2_000, { examples: ["Enact the 60 units of ICX-CONST."] });
const compensation = Type.Optional(
  Type.String({
    pattern: uuidPattern,
    description:
      "A decision on retirement for the same units: what an unfinished enactment is undone under, forward. Without it the units stay enacted.",
  }),
);

/** What a run of a lifecycle build takes (LIFE-6). */
export const TransitionInput = Type.Object(
  {
    transition: TransitionName,
    units: Type.Array(ManifestUnit, { minItems: 1, maxItems: mostUnits }),
    review_decision_id: Uuid,
    review_decision_digest: Digest,
    compensation_decision_id: compensation,
    compensation_decision_digest: Type.Optional(Digest),
    change_set_id: Type.Optional(Uuid),
    reason: wording,
    gateway_digest: Type.String({
      pattern: "^sha256:[0-9a-f]{64}$",
      description: "Of the gateway as it was approved; the run refuses another (OPEN-10).",
    }),
  },
  closed,
);
export type TransitionInput = Static<typeof TransitionInput>;

export const ManifestInput = Type.Object(
  {
    database: DatabaseName,
    transition: TransitionName,
    units: Type.Optional(
      Type.Array(Type.Object({ canonical_address: Address, new_version_id: Type.Optional(Uuid) }, closed), {
        minItems: 1,
        maxItems: mostUnits,
        description: "These units.",
      }),
    ),
    address_prefix: Type.Optional(AddressPrefix),
    review_decision_id: Uuid,
    compensation_decision_id: compensation,
    change_set_id: Type.Optional(Uuid),
    reason: wording,
  },
  closed,
);
export type ManifestInput = Static<typeof ManifestInput>;

/** What the gateway says of a transition: its own words, with what they stand for. */
export const Outcome = Type.Object(
  {
    canonical_address: nullable(Type.String()),
    status: Type.String({ description: "`plan_ok`, `enacted`, or why not.", examples: ["plan_ok"] }),
    detail: nullable(Type.String()),
    from_status: nullable(Type.String()),
    to_status: nullable(Type.String()),
    log_id: nullable(Type.Integer()),
    rows: nullable(Json),
  },
  closed,
);
export type Outcome = Static<typeof Outcome>;

export const Manifest = Type.Object(
  {
    build: BuildName,
    database: Type.String(),
    input: TransitionInput,
    manifest_digest: Digest,
    schema_digest: Digest,
    count: Type.Integer(),
    passed: Type.Boolean({
      description: "Whether the gateway's dry run is `plan_ok` for every unit, and every decision is on record here.",
    }),
    results: Type.Array(Outcome),
    compensation: Type.Array(Outcome, { description: "What the gateway says of undoing it, where that is asked for." }),
    decisions: Type.Array(
      Type.Object(
        {
          of: Type.Enum(["transition", "compensation"]),
          decision_id: Uuid,
          status: Type.String({ description: "`recorded`, or why it does not let the units through." }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type Manifest = Static<typeof Manifest>;

/** One unit: its dry run, or under a commit-mode grant. Which of the two, `dry_run` says. */
export const TransitionRequest = Type.Object(
  {
    dry_run: Type.Optional(Type.Boolean({ description: "Ask the gateway, and change nothing." })),
    database: DatabaseName,
    canonical_address: Type.Optional(Address),
    review_decision_id: Type.Optional(Uuid),
    new_version_id: Type.Optional(Uuid),
    change_set_id: Type.Optional(Uuid),
    reason: Type.Optional(wording),
    idempotency_root: Type.Optional(Root),
    target: Type.Optional(TargetName),
    auth_code: Type.Optional(AuthCode),
    bindings: Type.Optional(BindingsInput),
    input: Type.Optional(TransitionInput),
    work_within_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
  },
  {
    ...closed,
    description:
      "With `dry_run`: `canonical_address`, `review_decision_id` and what goes with them. Without: `idempotency_root`, `auth_code`, `bindings` and the `input` of a manifest of one unit.",
  },
);
export type TransitionRequest = Static<typeof TransitionRequest>;
