import Type, { type Static } from "typebox";
import { Json, Name, Prose } from "../kernel/schemas.ts";

/** `schema.name`, as it stands in the catalog: lower case unless it was quoted. */
export const TableName = Type.String({
  maxLength: 127,
  pattern: "^[a-z_][a-z0-9_$]*\\.[a-z_][a-z0-9_$]*$",
  description: "A table by schema and name.",
  examples: ["public.evolution_snapshots"],
});

const Sql = Type.String({ minLength: 1, maxLength: 65_536, pattern: "\\S" });
const Label = Name(120);

/**
 * Objects by the type and identity that PostgreSQL's pg_identify_object gives them; `*` stands for any characters of a
 * name. A table stands for its columns, defaults, constraints, the indexes behind those, its row types and the sequences
 * that it owns; an index, a trigger, a policy or a rule is named for itself.
 */
export const ObjectPattern = Type.String({
  maxLength: 400,
  pattern: "^[a-z]+(?: [a-z]+)* \\S.*$",
  description: "Type and identity of an object, `*` for any characters.",
  examples: ["table public.governance_ruleset", "trigger trg_birth on public.apr_action_types"],
});

const RowLimits = Type.Object(
  {
    insert: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    update: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    delete: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  },
  { additionalProperties: false, description: "Exactly so many rows; 0 where nothing is said." },
);
export type RowLimits = Static<typeof RowLimits>;

const Rows = Type.Record(TableName, RowLimits, { description: "Every row that may change, table by table." });

const Allowed = Type.Object(
  {
    objects: Type.Optional(
      Type.Array(ObjectPattern, { maxItems: 200, description: "What may be added, changed or dropped." }),
    ),
    rows: Type.Optional(Rows),
    sequences: Type.Optional(
      Type.Array(TableName, {
        maxItems: 100,
        description: "Sequences that may move, besides those of the tables here.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type Allowed = Static<typeof Allowed>;

/** What a single value is held against. */
const Expectation = Type.Union([
  Type.Object(
    { equals: Json },
    { additionalProperties: false, description: "Exactly this, before whom it may concern later as well." },
  ),
  Type.Object(
    { plus: Type.Integer() },
    { additionalProperties: false, description: "So much more than before the step." },
  ),
  Type.Object({ unchanged: Type.Literal(true) }, { additionalProperties: false, description: "As before the step." }),
]);
export type Expectation = Static<typeof Expectation>;

/** One SELECT with one value. */
const Evidence = Type.Object({ name: Label, sql: Sql, expect: Expectation }, { additionalProperties: false });
export type Evidence = Static<typeof Evidence>;

const StopCondition = Type.Object(
  {
    name: Label,
    sql: Type.String({
      minLength: 1,
      maxLength: 65_536,
      pattern: "\\S",
      description: "One SELECT with one boolean: true stops.",
    }),
    at: Type.Optional(
      Type.Union([Type.Literal("before"), Type.Literal("after")], {
        description: "Before the step's SQL or after it; both if absent.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type StopCondition = Static<typeof StopCondition>;

/** What the target must refuse once the step is in; tried inside a savepoint that is rolled back. */
const NegativeTest = Type.Object(
  {
    name: Label,
    sql: Sql,
    refused_with: Type.Object(
      {
        sqlstate: Type.String({ pattern: "^[0-9A-Z]{5}$", examples: ["23505"] }),
        constraint: Type.Optional(Name(127)),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type NegativeTest = Static<typeof NegativeTest>;

const Rollback = Type.Object(
  {
    mode: Type.Union([Type.Literal("revert"), Type.Literal("retire")], {
      description:
        "`revert`: all is as before the step, which may be committed again. `retire`: rows stay and are retired, the step is over.",
    }),
    sql: Sql,
    rows: Type.Optional(Rows),
    evidence: Type.Array(Evidence, { minItems: 1, maxItems: 50 }),
  },
  { additionalProperties: false },
);
export type Rollback = Static<typeof Rollback>;

const Attestation = Type.Object(
  { no_hardcode: Prose(2_000), no_island: Prose(2_000) },
  { additionalProperties: false, description: "Who wrote the plan says so of each step (PLAN-1)." },
);

export const StepNumber = Type.Integer({ minimum: 0, maximum: 999 });
export const RecordKind = Type.Union([Type.Literal("M-1"), Type.Literal("C-1"), Type.Literal("C-2")]);
export type RecordKind = Static<typeof RecordKind>;

const everyStep = {
  step: StepNumber,
  name: Label,
  title: Type.Optional(Prose(400)),
  after: Type.Optional(
    Type.Array(StepNumber, { uniqueItems: true, maxItems: 100, description: "Steps that must be committed." }),
  ),
  prerequisites: Type.Optional(Type.Array(Prose(1_000), { maxItems: 50 })),
  records: Type.Optional(
    Type.Array(RecordKind, { uniqueItems: true, maxItems: 3, description: "What a commit needs on record (PLAN-2)." }),
  ),
  signed: Type.Optional(Type.Boolean({ description: "Whether the M-1 record needs a sovereign's signature." })),
  forbidden: Type.Optional(
    Type.Array(ObjectPattern, { maxItems: 200, description: "Never, also where `allowed` would let it." }),
  ),
  never: Type.Optional(Type.Array(Prose(1_000), { maxItems: 50, description: "What is forbidden, in words." })),
  handoff: Prose(4_000),
  attestation: Attestation,
} as const;

const checks = {
  stop: Type.Optional(Type.Array(StopCondition, { maxItems: 50 })),
  evidence: Type.Array(Evidence, { minItems: 1, maxItems: 100 }),
  backup: Type.Optional(
    Type.Array(TableName, {
      uniqueItems: true,
      maxItems: 100,
      description: "Backed up besides the tables of `allowed.rows`.",
    }),
  ),
} as const;

const closed = { additionalProperties: false } as const;

export const SqlStep = Type.Object(
  {
    ...everyStep,
    ...checks,
    kind: Type.Literal("sql"),
    allowed: Allowed,
    sql: Sql,
    negative: Type.Optional(Type.Array(NegativeTest, { maxItems: 100 })),
    rollback: Rollback,
  },
  closed,
);
export type SqlStep = Static<typeof SqlStep>;

export const CheckStep = Type.Object(
  {
    ...everyStep,
    ...checks,
    kind: Type.Literal("check"),
    negative: Type.Optional(Type.Array(NegativeTest, { maxItems: 100 })),
  },
  closed,
);
export type CheckStep = Static<typeof CheckStep>;

/** Work outside the database, evidenced by digests of documents. */
export const RecordStep = Type.Object(
  {
    ...everyStep,
    kind: Type.Literal("record"),
    documents: Type.Array(Label, {
      minItems: 1,
      maxItems: 50,
      uniqueItems: true,
      description: "Documents that must be handed in.",
    }),
  },
  closed,
);
export type RecordStep = Static<typeof RecordStep>;

export const Step = Type.Union([SqlStep, CheckStep, RecordStep]);
export type Step = Static<typeof Step>;

export const PlanId = Type.String({ pattern: "^[a-z0-9][a-z0-9._-]{0,79}$", examples: ["phase-1"] });
export const PlanRevision = Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$", examples: ["1"] });

/** A plan file (PLAN-1). */
export const Plan = Type.Object(
  {
    plan: PlanId,
    revision: PlanRevision,
    title: Prose(400),
    description: Type.Optional(Prose(8_000)),
    target: Name(63, { description: "The target database, as TARGETS names it.", examples: ["default"] }),
    schemas: Type.Array(Type.String({ pattern: "^[a-z_][a-z0-9_$]{0,62}$" }), {
      minItems: 1,
      maxItems: 50,
      uniqueItems: true,
      description: "The schemas whose objects the fingerprint covers.",
    }),
    timeouts: Type.Optional(
      Type.Object(
        {
          statement_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: 5_000 })),
          lock_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_000 })),
          idle_in_transaction_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: 15_000 })),
        },
        { additionalProperties: false, description: "Tighter than 5 s, 3 s and 15 s, never wider (PLAN-4)." },
      ),
    ),
    steps: Type.Array(Step, { minItems: 1, maxItems: 200 }),
  },
  { additionalProperties: false },
);
export type Plan = Static<typeof Plan>;
