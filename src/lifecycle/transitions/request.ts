import type { Database, Tx } from "../../database/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import { type Run, type RunInput, type RunServices, startRun } from "../../runs/index.ts";
import { asked } from "../asked.ts";
import type { TransitionName } from "../schemas.ts";
import { presentOutcome } from "./answers.ts";
import { kinds } from "./kinds.ts";
import type { Outcome, TransitionRequest } from "./schemas.ts";
import { callGateway, unitStates } from "./store.ts";

const ofDryRun = ["canonical_address", "review_decision_id"] as const;
const ofRun = ["idempotency_root", "auth_code", "bindings", "input"] as const;
const onlyDryRun = [
  "database",
  "canonical_address",
  "review_decision_id",
  "new_version_id",
  "change_set_id",
  "reason",
] as const;
const onlyRun = [...ofRun, "target", "work_within_seconds"] as const;

/** Which of its two forms a request has, whole. @throws ServiceProblem INVALID_REQUEST */
export function requireForm(request: TransitionRequest): void {
  const dry = request.dry_run === true;
  const needed: readonly (keyof TransitionRequest)[] = dry ? ofDryRun : ofRun;
  const foreign: readonly (keyof TransitionRequest)[] = dry ? onlyRun : onlyDryRun;
  const errors = [
    ...needed
      .filter((name) => request[name] === undefined)
      .map((name) => ({ pointer: `/${name}`, detail: `is needed ${dry ? "for" : "without"} dry_run` })),
    ...foreign
      .filter((name) => request[name] !== undefined)
      .map((name) => ({
        pointer: `/${name}`,
        detail: `does not belong ${dry ? "to a dry run" : "here without dry_run"}`,
      })),
  ];
  const count = request.input?.units.length ?? 1;
  if (count !== 1) errors.push({ pointer: "/input/units", detail: "must be one unit; POST /v1/runs takes more" });
  if (errors.length === 0) return;
  throw new ServiceProblem("INVALID_REQUEST", "A transition is asked for as a dry run, or under a grant.", { errors });
}

/** What the gateway says it would do; nothing is written (LIFE-1). @throws LifecycleProblem GATEWAY_NOT_INSTALLED */
export async function tryTransition(
  target: Database,
  caller: Caller,
  transition: TransitionName,
  request: TransitionRequest,
): Promise<Outcome> {
  const { canonical_address = "", review_decision_id = "", new_version_id = null } = request;
  return target.transact(
    async (tx) => {
      const prior = transition === "supersede" ? await anchorOf(tx, canonical_address) : null;
      const [answered] = await asked(() =>
        callGateway(tx, transition, [{ canonical_address, prior_version_id: prior, new_version_id }], {
          actor: caller.principal,
          review_decision_id,
          change_set_id: request.change_set_id ?? null,
          reason: request.reason ?? null,
          run_ref: null,
          dry_run: true,
        }),
      );
      if (answered === undefined) throw new Error("the gateway has not answered");
      return presentOutcome(answered);
    },
    { readOnly: true },
  );
}

async function anchorOf(tx: Tx, address: string): Promise<string | null> {
  const [unit] = await asked(() => unitStates(tx, [{ canonical_address: address, version_id: null }]));
  return unit?.version_id ?? null;
}

/** Starts the run of one unit under its grant (LIFE-6). @throws as `startRun`; ServiceProblem INVALID_REQUEST */
export function startTransition(
  tx: Tx,
  caller: Caller,
  runs: RunServices,
  transition: TransitionName,
  request: TransitionRequest,
): Promise<Run> {
  const { idempotency_root, auth_code, bindings, input, target, work_within_seconds } = request;
  return startRun(tx, caller, runs, {
    build: kinds[transition].build,
    idempotency_root,
    auth_code,
    bindings,
    input,
    ...(target !== undefined && { target }),
    ...(work_within_seconds !== undefined && { work_within_seconds }),
  } as RunInput);
}
