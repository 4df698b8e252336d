import type { Tx } from "../../database/index.ts";
import { type Delta, judge, judgeSequences } from "../catalog/delta.ts";
import {
  fingerprintOf,
  movedSequences,
  type Snapshot,
  takeSnapshot,
  whereSequencesStand,
} from "../catalog/snapshot.ts";
import { countsRows, forgetSequences } from "../catalog/store.ts";
import { PlanProblem } from "../errors.ts";
import {
  type Doing,
  doingOf,
  namedTables,
  rollbackOf,
  scopeOf,
  type StepInput,
  stepOf,
  tablesOf,
  timeoutsOf,
} from "./input.ts";
import {
  checkStops,
  findEvidence,
  type Found,
  lasting,
  readBefore,
  refuseIdleSessions,
  requireEvidence,
} from "./questions.ts";
import { refusing, requireSession, runNegativeTests, runStatements, settle } from "./statements.ts";
import { lockTables, readSession, setTimeouts } from "./store.ts";

/** What an act has done in its transaction, before it is committed. */
export interface Played {
  readonly statements: number;
  readonly entry_fingerprint: string;
  readonly delta: Delta;
  readonly evidence: readonly Found[];
  readonly negative_tests: readonly string[];
}

/**
 * The act in one transaction of the target: what it touches is locked, the target is as it was rehearsed, the SQL runs,
 * and all that it has changed, wherever, is what the plan allows (PLAN-3 to PLAN-6). Whoever calls commits, or does not.
 * @throws PlanProblem; the transaction is then rolled back whole
 */
export async function play(target: Tx, input: StepInput): Promise<Played> {
  const step = stepOf(input);
  const doing = doingOf(input);
  await setTimeouts(target, timeoutsOf(input.plan));
  await lockWithin(target, input);
  const begun = await begin(target, doing);
  const entry = await requireRehearsed(target, input, begun.start);
  // A step may have broken what it is rolled back for; what it leaves must be whole whichever act it is.
  if (input.act === "commit") await requireEarlier(target, input);
  await refuseIdleSessions(target);
  const played = await change(target, doing, begun, () => requireEarlier(target, input));
  const negative = step.kind === "record" || input.act === "rollback" ? [] : (step.negative ?? []);
  const negative_tests = await runNegativeTests(target, negative);
  await requireNothingLeft(target, doing, begun);
  return { ...played, entry_fingerprint: entry, negative_tests };
}

/** The rollback of what has just been played, in the same transaction: a rehearsal rehearses the way back as well (OPEN-2). */
export async function playBack(target: Tx, input: StepInput): Promise<Changed> {
  const step = stepOf(input);
  if (step.kind !== "sql") throw new Error(`step ${step.step} has nothing to roll back`);
  await setTimeouts(target, timeoutsOf(input.plan));
  const doing = rollbackOf(step);
  return change(target, doing, await begin(target, doing));
}

type Changed = Omit<Played, "entry_fingerprint" | "negative_tests">;

/** The moment before a change. */
interface Begun {
  readonly start: Snapshot;
  readonly session: string;
  /** Those whose rows are counted. */
  readonly tables: readonly string[];
}

async function begin(target: Tx, doing: Doing): Promise<Begun> {
  if (!(await countsRows(target))) {
    throw new PlanProblem(
      "STOP_CONDITION",
      "The target does not count rows (track_counts is off): nothing could be measured.",
    );
  }
  await forgetSequences(target);
  const session = await readSession(target);
  const tables = [...new Set([...Object.keys(doing.rows), ...namedTables(doing.allowed.objects)])];
  return { session, tables, start: await takeSnapshot(target, tables) };
}

/**
 * Everything that may change something stands between the two snapshots: the plan's own questions as well, since a function
 * that one of them calls could write, and all that was put off until the commit.
 * @param also what must hold as well once the step is in
 */
async function change(target: Tx, doing: Doing, begun: Begun, also?: () => Promise<void>): Promise<Changed> {
  const { start, session, tables } = begun;
  await checkStops(target, doing.stop, "before");
  const before = await readBefore(target, doing.evidence);
  const statements = doing.sql === undefined ? 0 : await runStatements(target, doing.sql);
  const evidence = await findEvidence(target, doing.evidence, before);
  await checkStops(target, doing.stop, "after");
  await also?.();
  await settle(target);
  await requireSession(target, session, "What the step calls");
  const after = await takeSnapshot(target, tables);
  const moved = await movedSequences(target, start.sequences, after.sequences);
  const { delta, faults } = judge({ ...doing, before: start, after, moved });
  refuseFaults(faults);
  requireEvidence(evidence, "The step's evidence");
  return { statements, delta, evidence };
}

/** Negative tests are rolled back; a sequence is not, and neither is what a session keeps for itself. */
async function requireNothingLeft(target: Tx, doing: Doing, { start, session }: Begun): Promise<void> {
  await requireSession(target, session, "A negative test");
  const sequences = await whereSequencesStand(target);
  const moved = await movedSequences(target, start.sequences, sequences);
  refuseFaults(judgeSequences(moved, { ...doing, before: start, after: { ...start, sequences } }));
}

/** @throws PlanProblem OUTSIDE_ALLOWED */
function refuseFaults(faults: readonly string[]): void {
  if (faults.length === 0) return;
  throw new PlanProblem("OUTSIDE_ALLOWED", `${faults.slice(0, 10).join("; ")}${faults.length > 10 ? "; …" : ""}.`, {
    members: { faults: faults.slice(0, 100) },
  });
}

async function lockWithin(target: Tx, input: StepInput): Promise<void> {
  if (stepOf(input).kind !== "sql") return;
  await refusing("Locking what the step touches", () => lockTables(target, tablesOf(input)));
}

/** @throws PlanProblem DRIFT where the target is another one than was rehearsed (PLAN-3) */
export async function requireRehearsed(target: Tx, input: StepInput, snapshot?: Snapshot): Promise<string> {
  const found = await fingerprintOf(target, scopeOf(input), snapshot);
  if (input.entry_fingerprint === null || input.entry_fingerprint === found) return found;
  throw new PlanProblem(
    "DRIFT",
    `${input.plan.target} had the fingerprint ${input.entry_fingerprint} when the step was rehearsed, and has ${found} now.`,
  );
}

/** @throws PlanProblem EVIDENCE_FAILED where that of an earlier step holds no more (PLAN-6) */
export async function requireEarlier(target: Tx, input: StepInput): Promise<void> {
  for (const number of input.earlier) {
    const step = input.plan.steps.find((one) => one.step === number);
    // What a step of kind `check` has found, it found at its own moment.
    if (step?.kind !== "sql" || number === input.step) continue;
    requireEvidence(await findEvidence(target, lasting(step.evidence), new Map()), `The evidence of step ${number}`);
  }
}
