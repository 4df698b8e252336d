import type { Detail, Undoing, Work } from "../../runs/index.ts";
import { asked } from "../asked.ts";
import { LifecycleProblem } from "../errors.ts";
import { gatewayDigest, readGateway } from "../gateway/catalog.ts";
import { requireAll, requireIdentities, requireVersions } from "./answers.ts";
import { requireTargetDecisions } from "./decisions.ts";
import { askedOf, statesOf } from "./input.ts";
import { kinds } from "./kinds.ts";
import type { TransitionInput } from "./schemas.ts";
import { type Answered, callGateway, linesOfRun, unitStates } from "./store.ts";

export type TransitionWork = Work<TransitionInput>;

const addressesOf = (input: TransitionInput): string[] => input.units.map((unit) => unit.canonical_address);

/** @throws LifecycleProblem GATEWAY_CHANGED where the gateway is not the one that was approved (OPEN-10) */
async function requireGateway({ target, input }: TransitionWork): Promise<void> {
  const found = gatewayDigest(await readGateway(target));
  if (found === input.gateway_digest) return;
  throw new LifecycleProblem("GATEWAY_CHANGED", `The gateway has the digest ${found}; approved is another.`, {
    members: { gateway_digest: found },
  });
}

function ask({ target, input, root, bindings }: TransitionWork, dryRun: boolean): Promise<Answered[]> {
  return asked(() =>
    callGateway(target, input.transition, askedOf(input.units), {
      actor: bindings.executor,
      review_decision_id: input.review_decision_id,
      change_set_id: input.change_set_id ?? null,
      reason: input.reason,
      run_ref: root,
      dry_run: dryRun,
    }),
  );
}

/** The dry run of all, and of what would undo it, before anything is burned (LIFE-6, OPEN-2). */
export async function preflight(work: TransitionWork): Promise<Detail> {
  const { target, input, root, bindings } = work;
  await requireGateway(work);
  await asked(() => requireTargetDecisions(target, input));
  const answers = await ask(work, true);
  requireAll(answers, "plan_ok");
  requireVersions(input.units, answers);
  requireIdentities(input.units, await unitStates(target, statesOf(input.units)));
  if (input.compensation_decision_id !== undefined) {
    const terms = { actor: bindings.executor, run_ref: root, decision: input.compensation_decision_id };
    requireAll(await tryCompensation(target, input, terms), "plan_ok");
  }
  return { planned: answers.length, gateway_digest: input.gateway_digest };
}

/** What the gateway would say of retiring these units, as far as it can say so before they are enacted. */
export function tryCompensation(
  target: Work["target"],
  input: Pick<TransitionInput, "units">,
  terms: { readonly actor: string; readonly run_ref: string | null; readonly decision: string },
): Promise<Answered[]> {
  const { actor, run_ref, decision } = terms;
  return asked(() =>
    callGateway(target, "retire", askedOf(input.units), {
      actor,
      review_decision_id: decision,
      change_set_id: null,
      reason: "compensation",
      run_ref,
      dry_run: true,
    }),
  );
}

/** All units in one transaction: all of them are moved, or none. */
export async function move(work: TransitionWork): Promise<Detail> {
  const { target, input } = work;
  await requireGateway(work);
  await asked(() => requireTargetDecisions(target, input));
  const answers = await ask(work, false);
  requireAll(answers, kinds[input.transition].done);
  requireVersions(input.units, answers);
  // Behind the locks that the gateway has taken.
  requireIdentities(input.units, await unitStates(target, statesOf(input.units)));
  return { moved: answers.length };
}

/** What was written, read back in the same transaction. */
export async function requireLines({ target, input, root }: TransitionWork): Promise<Detail> {
  const lines = await linesOfRun(target, root, addressesOf(input));
  const expected = input.units.length * kinds[input.transition].lines;
  if (lines.length !== expected)
    throw new LifecycleProblem("TRANSITION_REFUSED", `The log has ${lines.length} lines of this run, not ${expected}.`);
  return { log_lines: lines.length, first_log_id: lines[0]?.log_id ?? null, last_log_id: lines.at(-1)?.log_id ?? null };
}

/** The close-out, over a connection of its own: every unit as it was to be, and its line in the log (LIFE-6). */
export async function verify(work: TransitionWork): Promise<Detail> {
  const { target, input } = work;
  await requireGateway(work);
  const written = await requireLines(work);
  const status = input.transition === "retire" ? "retired" : "enacted";
  const wanted = new Map(statesOf(input.units).map((unit) => [unit.canonical_address, unit.version_id]));
  const states = await unitStates(target, statesOf(input.units));
  const wrong = states.filter(
    (unit) =>
      unit.lifecycle_status !== status ||
      unit.version_status !== status ||
      unit.version_id !== wanted.get(unit.canonical_address),
  );
  if (states.length !== input.units.length || wrong.length > 0) {
    const one = wrong[0]?.canonical_address ?? "a unit";
    throw new LifecycleProblem("UNIT_MOVED", `${one} is not ${status} as it was approved.`);
  }
  requireIdentities(input.units, states);
  return { ...written, [status]: states.length };
}

/** The most units that a detail names. */
const shown = 20;

/**
 * Forward, as the log is never taken back: an unfinished enactment is undone by retiring the versions that it has enacted,
 * under the decision on retirement that was approved with it. Where there is none, and for the other transitions, what was
 * done stays. A version that somebody has superseded or retired since is theirs, and is left; so is one whose retirement the
 * gateway refuses: the detail names both.
 */
export async function undo(work: Undoing<TransitionInput>): Promise<Detail> {
  const { target, input, root, bindings } = work;
  const decision = input.compensation_decision_id;
  const lines = await linesOfRun(target, root, addressesOf(input));
  if (lines.length === 0) return { retired: 0 };
  if (input.transition !== "enact" || decision === undefined) return { stays: lines.length };
  const enacted = lines.filter((line) => line.transition_type === "enact");
  const own = new Map(enacted.map((line) => [line.canonical_address, line.uv_id]));
  const states = await unitStates(
    target,
    [...own].map(([canonical_address, version_id]) => ({ canonical_address, version_id })),
  );
  const isOurs = (unit: (typeof states)[number]): boolean =>
    unit.lifecycle_status === "enacted" && unit.version_id === own.get(unit.canonical_address);
  const ours = new Set(states.filter(isOurs).map((unit) => unit.canonical_address));
  const left = states
    .filter((unit) => !isOurs(unit))
    .map(({ canonical_address, lifecycle_status, named_status }) => ({
      canonical_address,
      status: named_status ?? lifecycle_status,
    }));
  const answers = await callGateway(
    target,
    "retire",
    askedOf(input.units.filter((unit) => ours.has(unit.canonical_address))),
    {
      actor: bindings.executor,
      review_decision_id: decision,
      change_set_id: null,
      reason: `compensation of ${root}`,
      run_ref: `${root}:compensation`,
      dry_run: false,
    },
  );
  for (const { status, canonical_address, uv_id } of answers) {
    if (status !== kinds.retire.done) left.push({ canonical_address: canonical_address ?? "", status });
    // Somebody was there between the look and the lock: all of it is looked at again.
    else if (uv_id !== own.get(canonical_address ?? "")) {
      throw new LifecycleProblem("UNIT_MOVED", `${canonical_address} was moved while it was to be retired.`);
    }
  }
  const retired = answers.filter((one) => one.status === kinds.retire.done).length;
  return { retired, ...(left.length > 0 && { left: left.slice(0, shown), left_in_all: left.length }) };
}
