import Type, { type Static } from "typebox";
import { ActionSet } from "../approvals/index.ts";
import { Name, Timestamp } from "../kernel/schemas.ts";
import { LeaseName } from "../leases/index.ts";
import { scopeStatuses } from "./states.ts";

const closed = { additionalProperties: false } as const;

export const ScopeId = Type.Integer({ minimum: 1, maximum: 9_007_199_254_740_991 });

const natural = {
  carrier: Type.String({
    pattern: "^[A-Za-z0-9_]{1,40}$",
    description: "Without a hyphen, so that no two grants can have one code (MINT-2).",
    examples: ["C1"],
  }),
  namespace: Name(120, { examples: ["PROD-NS"] }),
  axis: Name(120, { examples: ["dot:c1:vocab"] }),
  target: Name(120, { examples: ["DOT_C1_VOCAB_BUILD"] }),
  environment: Name(120, { examples: ["staging"] }),
};

const rest = {
  database: Type.String({
    pattern: "^[a-z][a-z0-9_-]{0,62}$",
    description: "The name, in TARGETS, of the one database that the environment stands for (RUN-7).",
    examples: ["default"],
  }),
  allowed_action_sets: Type.Array(ActionSet, {
    minItems: 1,
    maxItems: 32,
    description: "A request's actions must all be of one of these sets.",
    examples: [[["dot_iu_create_collection", "staging_consume"]]],
  }),
  lease_name: LeaseName,
  rehearsal_required: Type.Boolean({ description: "Whether a request must name the rehearsal it stands on (OPEN-1)." }),
};

/** Where a commit-mode grant may be for. */
export const ScopeInput = Type.Object({ ...natural, ...rest }, closed);
export type ScopeInput = Static<typeof ScopeInput>;

const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const Scope = Type.Object(
  {
    scope_id: ScopeId,
    ...natural,
    ...rest,
    status: Type.Enum([...scopeStatuses]),
    created_at: Timestamp,
    created_by: Type.String(),
    retired_at: nullable(Timestamp),
    retired_by: nullable(Type.String()),
  },
  closed,
);
export type Scope = Static<typeof Scope>;
