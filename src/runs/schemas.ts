import Type, { type Static } from "typebox";
import { AuthCode, BindingsInput, Mode } from "../grants/index.ts";
import { Digest, Json, Name, Principal, Prose, Timestamp } from "../kernel/schemas.ts";
import { Rehearsal } from "../rehearsals/index.ts";
import { runStatuses } from "./states.ts";

const closed = { additionalProperties: false } as const;
const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const BuildName = Type.String({ pattern: "^[a-z][a-z0-9-]{0,79}$", examples: ["c1-vocabulary"] });
export const TargetName = Type.String({
  pattern: "^[a-z][a-z0-9_-]{0,62}$",
  description: "The configured database that the grant's environment stands for; any other is refused (RUN-7).",
  examples: ["default"],
});
export const Root = Name(200, {
  description: "Names the run: the same root with the same content resumes it (RUN-1).",
  examples: ["c1-vocabulary-2026-06-23-1"],
});
/** What the run works under: a grant, a plan's M-1 record, or nothing but its own name where nothing is burned. */
export const RunAuthCode = Type.String({
  pattern: "^(?:GBA|M1|STEP)-[A-Za-z0-9._-]{1,170}$",
  examples: ["GBA-C1-APR-2026-0001"],
});
export const RunStatusName = Type.Enum([...runStatuses]);

const started = {
  idempotency_root: Root,
  target: Type.Optional(TargetName),
  auth_code: AuthCode,
  bindings: BindingsInput,
  input: Type.Unsafe<unknown>({ description: "What the build takes: `input_schema` of GET /v1/builds." }),
  work_within_seconds: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 86_400,
      description: "Seconds that the run may work; 3600 if absent (OPEN-3).",
    }),
  ),
};

/** What starts a run, or resumes it. */
export const RunInput = Type.Object({ build: BuildName, ...started }, closed);
export type RunInput = Static<typeof RunInput>;

/** What starts the rollback of a finished run: the build is that run's own rollback (RUN-6). */
export const RollbackInput = Type.Object(started, closed);
export type RollbackInput = Static<typeof RollbackInput>;

export const DigestsInput = Type.Object({ input: started.input }, closed);
export type DigestsInput = Static<typeof DigestsInput>;

/** What the author of a request fills in. */
export const Digests = Type.Object({ manifest_digest: Digest, schema_digest: Digest, count: Type.Integer() }, closed);
export type Digests = Static<typeof Digests>;

export const BuildView = Type.Object(
  {
    build: BuildName,
    summary: Type.String(),
    carrier: Type.String(),
    target: Type.String(),
    lease_name: Type.String(),
    rollback: nullable(BuildName),
    action_set: Type.Array(Type.String()),
    states: Type.Array(
      Type.Object(
        { state: Type.String(), name: Type.String(), summary: Type.String(), compensation: Type.String() },
        closed,
      ),
    ),
    input_schema: Json,
  },
  closed,
);
export type BuildView = Static<typeof BuildView>;

export const RunError = Type.Object({ code: Type.String(), detail: Type.String() }, closed);
export type RunError = Static<typeof RunError>;

export const StateView = Type.Object(
  {
    state: Type.String({ examples: ["S4"] }),
    name: Type.String({ examples: ["VALUES"] }),
    status: Type.Enum(["pending", "running", "ok", "failed"]),
    attempts: Type.Integer(),
    started_at: nullable(Timestamp),
    finished_at: nullable(Timestamp),
    duration_ms: nullable(Type.Integer()),
    error: nullable(RunError),
    detail: Json,
  },
  closed,
);
export type StateView = Static<typeof StateView>;

export const CompensationView = Type.Object(
  {
    state: Type.String(),
    compensation: Type.String({ examples: ["COMP_VALUES"] }),
    status: Type.Enum(["running", "ok", "failed"]),
    attempts: Type.Integer(),
    started_at: Timestamp,
    finished_at: nullable(Timestamp),
    error: nullable(RunError),
    detail: Json,
  },
  closed,
);

const summary = {
  idempotency_root: Type.String(),
  build: BuildName,
  rolls_back: nullable(Type.String()),
  mode: Mode,
  status: RunStatusName,
  state: Type.String({ description: "The state it is in, or the last one it was in.", examples: ["S4"] }),
  last_ok_state: nullable(Type.String({ examples: ["S3"] })),
  stop_state: nullable(Type.String({ description: "Where it stopped, by name.", examples: ["COMP_VALUES"] })),
  auth_code: RunAuthCode,
  target: TargetName,
  environment: Type.String(),
  executor: Principal,
  error: nullable(RunError),
  created_at: Timestamp,
  work_by: Timestamp,
  finished_at: nullable(Timestamp),
};

export const RunSummary = Type.Object(summary, closed);
export type RunSummary = Static<typeof RunSummary>;

/** One run with all that is known of it. */
export const Run = Type.Object(
  {
    ...summary,
    input_digest: Digest,
    manifest_digest: Digest,
    schema_digest: Digest,
    states: Type.Array(StateView),
    compensations: Type.Array(CompensationView),
    stop_request: nullable(
      Type.Object(
        { running: Type.Enum(["stop", "compensate"]), by: Type.String(), at: Timestamp, reason: Type.String() },
        closed,
      ),
    ),
    lease: nullable(Type.Object({ name: Type.String(), fencing_token: Type.Integer() }, closed)),
    rehearsal_ref: nullable(Digest),
    rehearsal: nullable(Rehearsal),
    outcome: Json,
  },
  closed,
);
export type Run = Static<typeof Run>;

/** One line of a run's progress; `seq` rises by one, without gaps. */
export const RunEvent = Type.Object(
  {
    seq: Type.Integer(),
    occurred_at: Timestamp,
    event: Type.String({ examples: ["state_ok"] }),
    state: nullable(Type.String()),
    attempt: nullable(Type.Integer()),
    detail: Json,
  },
  closed,
);
export type RunEvent = Static<typeof RunEvent>;

export const RunningChoice = Type.Enum(["stop", "compensate"], {
  description: "For a grant whose run is under way: what becomes of the run at its next state boundary (OPEN-4).",
});
export const StopReason = Prose(2000);
