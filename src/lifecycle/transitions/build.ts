import { digestOf } from "../../kernel/json.ts";
import type { AnyBuild, Build, Detail, Undoing, Work } from "../../runs/index.ts";
import { asked } from "../asked.ts";
import { LifecycleProblem } from "../errors.ts";
import { gatewayDigest, readGateway } from "../gateway/catalog.ts";
import type { TransitionName } from "../schemas.ts";
import { requireAll, requireVersions } from "./answers.ts";
import { askedOf, digestsOfInput, examineInput } from "./input.ts";
import { kinds, leaseName } from "./kinds.ts";
import { TransitionInput } from "./schemas.ts";
import { authorities, callGateway, linesOfRun, touchedRows, type Touched, unitStates } from "./store.ts";

type TransitionWork = Work<TransitionInput>;

const addressesOf = (input: TransitionInput): string[] => input.units.map((unit) => unit.canonical_address);

/** @throws LifecycleProblem GATEWAY_CHANGED where the gateway is not the one that was approved (OPEN-10) */
async function requireGateway({ target, input }: TransitionWork): Promise<void> {
  const found = gatewayDigest(await readGateway(target));
  if (found === input.gateway_digest) return;
  throw new LifecycleProblem("GATEWAY_CHANGED", `The gateway has the digest ${found}; approved is another.`, {
    members: { gateway_digest: found },
  });
}

function ask({ target, input, root, bindings }: TransitionWork, dryRun: boolean) {
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

/** The dry run of all, before anything is burned (LIFE-6). */
async function preflight(work: TransitionWork): Promise<Detail> {
  await requireGateway(work);
  const answers = await ask(work, true);
  requireAll(answers, "plan_ok");
  requireVersions(work.input.units, answers);
  return { planned: answers.length, gateway_digest: work.input.gateway_digest };
}

/** All units in one transaction: all of them are moved, or none. */
async function move(work: TransitionWork): Promise<Detail> {
  await requireGateway(work);
  const answers = await ask(work, false);
  requireAll(answers, kinds[work.input.transition].done);
  requireVersions(work.input.units, answers);
  return { moved: answers.length };
}

/** What was written, read back in the same transaction. */
async function requireLines({ target, input, root }: TransitionWork): Promise<Detail> {
  const lines = await linesOfRun(target, root);
  const expected = input.units.length * kinds[input.transition].lines;
  if (lines.length !== expected)
    throw new LifecycleProblem("TRANSITION_REFUSED", `The log has ${lines.length} lines of this run, not ${expected}.`);
  return { log_lines: lines.length, first_log_id: lines[0]?.log_id ?? null, last_log_id: lines.at(-1)?.log_id ?? null };
}

/** The close-out, over a connection of its own: every unit as it was to be, and its line in the log (LIFE-6). */
async function verify(work: TransitionWork): Promise<Detail> {
  const { target, input } = work;
  await requireGateway(work);
  const written = await requireLines(work);
  const status = input.transition === "retire" ? "retired" : "enacted";
  const wanted = new Map(
    input.units.map((unit) => [unit.canonical_address, unit.new_version_digest ?? unit.version_digest]),
  );
  const states = await unitStates(target, addressesOf(input));
  const wrong = states.filter(
    (unit) =>
      unit.lifecycle_status !== status ||
      unit.version_status !== status ||
      unit.version_digest !== wanted.get(unit.canonical_address),
  );
  if (states.length !== input.units.length || wrong.length > 0) {
    const one = wrong[0]?.canonical_address ?? "a unit";
    throw new LifecycleProblem("UNIT_MOVED", `${one} is not ${status} as it was approved.`);
  }
  return { ...written, [status]: states.length };
}

/**
 * Forward, as the log is never taken back: an unfinished enactment is undone by retiring its units, under the decision on
 * retirement that was approved with it. Where there is none, and for the other transitions, what was done stays.
 */
async function undo(work: Undoing<TransitionInput>): Promise<Detail> {
  const { target, input, root, bindings } = work;
  const decision = input.compensation_decision_id;
  const lines = await linesOfRun(target, root);
  const own = new Set(lines.filter((line) => line.transition_type === "enact").map((line) => line.canonical_address));
  if (lines.length === 0) return { retired: 0 };
  if (input.transition !== "enact" || decision === undefined) return { stays: lines.length };
  const units = input.units.filter((unit) => own.has(unit.canonical_address));
  const answers = await callGateway(target, "retire", askedOf(units), {
    actor: bindings.executor,
    review_decision_id: decision,
    change_set_id: null,
    reason: `compensation of ${root}`,
    run_ref: `${root}:compensation`,
    dry_run: false,
  });
  requireAll(
    answers.filter((one) => one.status !== kinds.retire.already),
    kinds.retire.done,
  );
  return { retired: answers.length };
}

async function fingerprint(target: Work["target"], input: TransitionInput): Promise<string> {
  const decisions = [input.review_decision_id, input.compensation_decision_id].filter((id) => id !== undefined);
  return asked(async () =>
    digestOf({
      gateway: gatewayDigest(await readGateway(target)),
      units: await unitStates(target, addressesOf(input)),
      authorities: await authorities(target, decisions, input.change_set_id ?? null),
    }),
  );
}

/** What counts for undoing: which of the units are in force, where there is a way back; a way forward has none. */
async function standing(target: Work["target"], input: TransitionInput): Promise<string> {
  if (input.transition !== "enact" || input.compensation_decision_id === undefined) return digestOf({ forward: true });
  const units = await unitStates(target, addressesOf(input));
  const inForce = units.filter((unit) => unit.lifecycle_status === "enacted");
  return digestOf(inForce.map((unit) => [unit.canonical_address, unit.version_digest]));
}

/** Rows that this transaction has touched: of units, versions and log exactly as many as the input has, and nothing else. */
async function delta(target: Work["target"], before: unknown) {
  const from = new Map((before as readonly Touched[]).map((one) => [one.table, one]));
  const rows = (await touchedRows(target)).map((now) => {
    const then = from.get(now.table);
    return {
      table: now.table,
      inserted: now.inserted - (then?.inserted ?? 0),
      updated: now.updated - (then?.updated ?? 0),
      deleted: now.deleted - (then?.deleted ?? 0),
    };
  });
  const own = (table: string) => table.startsWith("public.countersign_");
  return { rows: rows.filter((row) => !own(row.table) && row.inserted + row.updated + row.deleted > 0) };
}

/** The build of one transition (LIFE-6): dry run of all, then all of them in one transaction, then the close-out. */
function transitionBuild(transition: TransitionName): Build<TransitionInput> {
  const kind = kinds[transition];
  return {
    name: kind.build,
    summary: `Has the lifecycle gateway ${transition} the units of a manifest, all or none.`,
    carrier: "IU",
    target: kind.target,
    leaseName,
    actionSet: [kind.action],
    needs: () => [kind.action],
    input: TransitionInput,
    examine: (input) => examineInput(transition, input),
    digests: digestsOfInput,
    states: [
      {
        state: "S0",
        name: "PREFLIGHT",
        kind: "check",
        compensation: "ABORT",
        summary: "The gateway is the approved one, and its dry run passes for every unit; writes nothing.",
        check: preflight,
      },
      {
        state: "S1",
        name: "RESERVE_CONSUME",
        kind: "reserve",
        compensation: "ABORT_NO_LEASE",
        summary: "Takes the lease and burns the grant.",
      },
      {
        state: "S2",
        name: "TRANSITIONS",
        kind: "write",
        compensation: kind.compensation,
        summary: "Every unit through the gateway, each with its line in the log, in one transaction.",
        action: move,
        verify: requireLines,
        undo,
      },
      {
        state: "S3",
        name: "VERIFY",
        kind: "check",
        fresh: true,
        compensation: "CONTRADICTION",
        summary: "Over a fresh connection, every unit and its line in the log are as approved.",
        check: verify,
      },
      {
        state: "S4",
        name: "FINALIZE",
        kind: "finalize",
        compensation: "COMP_FINALIZE",
        summary: "Writes the outcome to the grant and frees the lease.",
      },
    ],
    fingerprint,
    standing,
    baseline: (target) => touchedRows(target),
    delta,
    explain: (_constraint, message) =>
      message.startsWith("IU ")
        ? new LifecycleProblem("TRANSITION_REFUSED", "The gateway's own guards refuse the transition.")
        : undefined,
  };
}

/** Enactment, supersession and retirement of units, as builds of the run engine (LIFE-6, LIFE-7). */
export const lifecycleBuilds = (["enact", "supersede", "retire"] as const).map((name) =>
  transitionBuild(name),
) as unknown as readonly AnyBuild[];
