import type { Tx } from "../database/index.ts";
import type { BindingsInput, GrantMode } from "../grants/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { canonicalJson } from "../kernel/json.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { AnyBuild } from "./build.ts";
import { RunProblem } from "./errors.ts";
import type { Builds } from "./input.ts";
import { note } from "./progress/note.ts";
import { presentRun } from "./read.ts";
import { resumeLocked } from "./resume.ts";
import type { Run } from "./schemas.ts";
import { insertRun, lockRun, type RunRow } from "./store.ts";

/** Seconds that a run may work unless it is said otherwise (OPEN-3). */
const defaultWorkSeconds = 3_600;

/** A run that is to be opened: what it is for never changes afterwards. */
export interface Opening {
  readonly root: string;
  readonly build: AnyBuild;
  readonly mode: GrantMode;
  /** The grant, the record, or the run's own name where nothing is burned. */
  readonly authCode: string;
  readonly environment: string;
  readonly database: string;
  readonly bindings: BindingsInput;
  /** A digest of all that the root stands for. */
  readonly inputDigest: string;
  readonly input: unknown;
  readonly rehearsalRef: string | undefined;
  readonly rollsBack: string | undefined;
  readonly workSeconds: number | undefined;
}

/** Opens a run: whoever works on it claims it. False where the root has just been taken (RUN-1). */
export async function openRun(tx: Tx, caller: Caller, opening: Opening): Promise<boolean> {
  const { root, build, bindings } = opening;
  const inserted = await insertRun(tx, {
    ...opening,
    build: build.name,
    executor: caller.principal,
    input: canonicalJson(opening.input),
    firstState: build.states[0]?.state ?? "S0",
    requestId: caller.requestId,
    workSeconds: opening.workSeconds ?? defaultWorkSeconds,
  });
  if (!inserted) return false;
  const { manifest_digest, schema_digest } = bindings;
  await note(tx, caller, root, {
    event: "run_started",
    detail: {
      build: build.name,
      auth_code: opening.authCode,
      mode: opening.mode,
      target: opening.database,
      manifest_digest,
      schema_digest,
    },
  });
  return true;
}

/**
 * The run that stands under a root, gone on with; undefined where there is none (RUN-1).
 * @throws RunProblem RUN_CONFLICT where the root stands for anything else; RUN_STOPPED
 */
export async function standingRun(
  tx: Tx,
  caller: Caller,
  builds: Builds,
  wanted: { readonly root: string; readonly inputDigest: string; readonly workSeconds: number | undefined },
): Promise<Run | undefined> {
  requireAddressable(wanted.root);
  const standing = await lockRun(tx, wanted.root);
  if (standing === undefined) return undefined;
  requireSameContent(standing, caller, wanted.inputDigest);
  return resumeLocked(tx, caller, builds, standing, wanted.workSeconds);
}

/** The run as it was opened by this request, or by the same one at the same moment. @throws RunProblem RUN_CONFLICT */
export async function openedRun(
  tx: Tx,
  caller: Caller,
  builds: Builds,
  wanted: { readonly root: string; readonly inputDigest: string },
): Promise<Run> {
  const standing = await lockRun(tx, wanted.root);
  if (standing !== undefined) requireSameContent(standing, caller, wanted.inputDigest);
  return presentRun(tx, builds, wanted.root);
}

/** @throws RunProblem RUN_CONFLICT where the root stands for another's run, or for other content */
export function requireSameContent(standing: RunRow, caller: Caller, inputDigest: string): void {
  if (standing.executor === caller.principal && standing.input_digest === inputDigest) return;
  throw new RunProblem("RUN_CONFLICT", `${standing.idempotency_root} stands for another run, or for other content.`, {
    errors: [{ pointer: "/idempotency_root", detail: "stands for a run with other content or of another executor" }],
  });
}

/** Characters that a path may have for a root, percent-encoded. */
const longestInPath = 1_900;

/** A run is looked at under its root, so the root must be one that a path can have. @throws ServiceProblem INVALID_REQUEST */
export function requireAddressable(root: string): void {
  const detail = /^\.{1,2}$/.test(root)
    ? "It must not be a step in a path."
    : encodeURIComponent(root).length > longestInPath
      ? `It must not be longer than ${longestInPath} characters where it stands in a path, percent-encoded.`
      : undefined;
  if (detail === undefined) return;
  throw new ServiceProblem("INVALID_REQUEST", `The idempotency_root cannot be part of a path. ${detail}`, {
    errors: [{ pointer: "/idempotency_root", detail }],
  });
}
