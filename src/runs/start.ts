import type { Tx } from "../database/index.ts";
import { GrantProblem, type GrantRow, grantForRun, rehearsalRefOf, rollsBackOf } from "../grants/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { digestOf } from "../kernel/json.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { Build } from "./build.ts";
import { RunProblem } from "./errors.ts";
import { type Builds, examineInput, findBuild } from "./input.ts";
import { openRun, requireAddressable, requireSameContent } from "./open.ts";
import { presentRun } from "./read.ts";
import { resumeLocked } from "./resume.ts";
import type { Run, RunInput } from "./schemas.ts";
import { findRun, lockRun, type RunRow } from "./store.ts";

export interface StartContext {
  readonly builds: Builds;
  /** The names of the configured target databases. */
  readonly targets: readonly string[];
}

/**
 * Starts a run, or resumes the one that stands under its root with the same content (RUN-1). Nothing is burned here: the
 * run reserves and consumes in S1. What can be refused at once is.
 * @throws RunProblem RUN_CONFLICT, RUN_INPUT_MISMATCH, RUN_STOPPED; GrantProblem; HoldProblem; ServiceProblem
 */
export async function startRun(
  tx: Tx,
  caller: Caller,
  context: StartContext,
  input: RunInput,
  rollsBack?: string,
): Promise<Run> {
  const build = findBuild(context.builds, input.build, "body");
  if ((build.rollsBack === true) !== (rollsBack !== undefined)) {
    throw new ServiceProblem("INVALID_REQUEST", `${build.name} is started by POST /v1/runs/{root}/rollback.`, {
      errors: [{ pointer: "/build", detail: "must be a build that is no rollback" }],
    });
  }
  requireAddressable(input.idempotency_root);
  examineInput(build, input.input);
  if (input.target !== undefined) requireConfigured(context, input.target);
  requireDigests(build, input);
  const inputDigest = contentDigest(input, rollsBack);
  const standing = await lockRun(tx, input.idempotency_root);
  if (standing !== undefined) {
    requireSameRun(standing, caller, input, inputDigest);
    return resumeLocked(tx, caller, context.builds, standing, input.work_within_seconds);
  }
  const grant = await grantForRun(tx, caller, input.auth_code, input.bindings, input.idempotency_root);
  requireGrantOf(build, grant, input.input, rollsBack);
  const database = databaseOf(context, grant);
  if (input.target !== undefined && input.target !== database) {
    throw mismatch(
      grant,
      "target",
      "/target",
      `${grant.scope.environment} stands for the database ${database}, not ${input.target}`,
    );
  }
  await build.admit?.(tx, input.input, database);
  if (!(await insert(tx, caller, build, { input, inputDigest, grant, database, rollsBack }))) {
    // The same request has started it while this one waited for the grant.
    const started = await findRun(tx, input.idempotency_root);
    if (started !== undefined) requireSameRun(started, caller, input, inputDigest);
  }
  return presentRun(tx, context.builds, input.idempotency_root);
}

/** @throws RunProblem RUN_CONFLICT where the root stands for anything else */
function requireSameRun(standing: RunRow, caller: Caller, input: RunInput, inputDigest: string): void {
  const root = input.idempotency_root;
  requireSameContent(standing, caller, inputDigest);
  if (input.target !== undefined && input.target !== standing.database) {
    throw new RunProblem("RUN_CONFLICT", `${root} goes to ${standing.database}, not to ${input.target}.`, {
      errors: [{ pointer: "/target", detail: `the run goes to ${standing.database}` }],
    });
  }
}

interface Fresh {
  readonly input: RunInput;
  readonly inputDigest: string;
  readonly grant: GrantRow;
  readonly database: string;
  readonly rollsBack: string | undefined;
}

function insert(tx: Tx, caller: Caller, build: Build<unknown>, fresh: Fresh): Promise<boolean> {
  const { input, inputDigest, grant, database, rollsBack } = fresh;
  return openRun(tx, caller, {
    root: input.idempotency_root,
    build,
    rollsBack,
    mode: grant.mode,
    authCode: grant.auth_code,
    environment: grant.scope.environment,
    database,
    bindings: { ...input.bindings, mode: grant.mode },
    inputDigest,
    input: input.input,
    rehearsalRef: rehearsalRefOf(grant),
    workSeconds: input.work_within_seconds,
  });
}

/** What a root stands for: all of it but how long it may take. */
function contentDigest(input: RunInput, rollsBack: string | undefined): string {
  const { work_within_seconds: _, target: __, ...content } = input;
  return digestOf({ ...content, rolls_back: rollsBack ?? null });
}

function requireConfigured(context: StartContext, target: string): void {
  if (context.targets.includes(target)) return;
  throw new ServiceProblem("INVALID_REQUEST", `There is no target database ${target}.`, {
    errors: [
      { pointer: "/target", detail: `must be one of TARGETS: ${context.targets.join(", ") || "none is configured"}` },
    ],
  });
}

/** @throws RunProblem RUN_INPUT_MISMATCH naming the digests that differ */
function requireDigests(build: Build<unknown>, input: RunInput): void {
  const digests = build.digests(input.input);
  const errors = (["manifest_digest", "schema_digest"] as const)
    .filter((name) => input.bindings[name] !== digests[name])
    .map((name) => ({ pointer: `/bindings/${name}`, detail: `the input's is ${digests[name]}` }));
  if (errors.length === 0) return;
  throw new RunProblem("RUN_INPUT_MISMATCH", "The input is not the one that the bindings name.", { errors });
}

/** The database that the grant's environment stands for (RUN-7): the scope's, or for a rehearsal the one it is named after. */
export function databaseOf(context: Pick<StartContext, "targets">, grant: GrantRow): string {
  if (grant.scope.database !== undefined) return grant.scope.database;
  const named = /^rehearsal-(.+)$/.exec(grant.scope.environment)?.[1];
  return named !== undefined && context.targets.includes(named) ? named : "default";
}

/** @throws GrantProblem CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH where the grant is for another build or act */
function requireGrantOf(build: Build<unknown>, grant: GrantRow, input: unknown, rollsBack: string | undefined): void {
  if (grant.scope.carrier !== build.carrier || grant.scope.target !== build.target) {
    throw mismatch(
      grant,
      "build",
      "/build",
      `${build.name} builds ${build.target}; the grant is for ${grant.scope.target}`,
    );
  }
  if (grant.scope.lease_name !== undefined && grant.scope.lease_name !== build.leaseName) {
    throw mismatch(
      grant,
      "lease_name",
      "/build",
      `${build.name} works under ${build.leaseName}; the grant's is ${grant.scope.lease_name}`,
    );
  }
  const missing = build.needs(input).filter((action) => !grant.scope.action_set.includes(action));
  if (missing.length > 0) {
    throw mismatch(grant, "action_set", "/bindings/action_set", `the grant does not have ${missing.join(", ")}`);
  }
  if (rollsBackOf(grant) !== rollsBack) {
    const detail = `the grant ${rollsBackOf(grant) === undefined ? "rolls nothing back" : `rolls back ${rollsBackOf(grant)}`}`;
    throw mismatch(grant, "rolls_back", "/auth_code", detail);
  }
}

function mismatch(grant: GrantRow, name: string, pointer: string, detail: string): Error {
  return new GrantProblem("CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", `${grant.auth_code}: ${detail}.`, {
    members: { auth_code: grant.auth_code, mismatched: [name] },
    errors: [{ pointer, detail }],
  });
}

/**
 * Starts the rollback of a finished run, as a run of its own under its own grant (RUN-6).
 * @throws as `startRun`; RunProblem RUN_NOT_FINISHED, RBP-1 to RBP-10
 */
export async function startRollback(
  tx: Tx,
  caller: Caller,
  context: StartContext,
  root: string,
  input: Omit<RunInput, "build">,
): Promise<Run> {
  const run = await findRun(tx, root);
  if (run === undefined) throw new ServiceProblem("NOT_FOUND", `There is no run ${root}.`);
  const rollback = context.builds.get(run.build)?.rollback;
  if (rollback === undefined) throw new RunProblem("RUN_NOT_FINISHED", `A run of ${run.build} cannot be rolled back.`);
  const named = (input.input as { rolls_back?: unknown } | null)?.rolls_back;
  if (named !== undefined && named !== root) {
    throw new ServiceProblem("INVALID_REQUEST", "The input rolls back another run than the path names.", {
      errors: [{ pointer: "/input/rolls_back", detail: `must be ${root}` }],
    });
  }
  examineInput(findBuild(context.builds, rollback, "path"), input.input);
  if (run.status !== "succeeded" || run.mode !== "commit") {
    throw new RunProblem(
      "RUN_NOT_FINISHED",
      `${root} is ${run.status}${run.mode === "commit" ? "" : ", and was a dry-run"}.`,
    );
  }
  return startRun(tx, caller, context, { ...input, build: rollback }, root);
}
