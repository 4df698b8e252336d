import type { Build, Detail, StateDeclaration, Undoing, Work } from "../../runs/index.ts";
import { readMarkers } from "../../runs/index.ts";
import { fingerprintOf } from "../catalog/snapshot.ts";
import { PlanProblem } from "../errors.ts";
import { stepAuthority } from "../authority.ts";
import { type BackupOptions, backUp, measureTables, requireDirectory } from "./backup.ts";
import { doingOf, scopeOf, type StepInput, StepInputSchema, stepOf, tablesOf, timeoutsOf } from "./input.ts";
import { setTimeouts } from "./store.ts";
import { play, playBack, type Played, requireEarlier, requireRehearsed } from "./play.ts";
import { checkStops, findEvidence, lasting, refuseIdleSessions, requireEvidence } from "./questions.ts";

type Step = Work<StepInput>;

/** The states of every act on a step; `S3` is the only one that writes. */
function states(backups: BackupOptions): StateDeclaration<StepInput>[] {
  return [
    {
      state: "S0",
      kind: "check",
      name: "PREFLIGHT",
      summary: "The target is as it was rehearsed, the earlier steps' evidence holds, and no stop condition does.",
      compensation: "ABORT",
      check: (work) => preflight(work, backups),
    },
    {
      state: "S1",
      kind: "reserve",
      name: "RESERVE_CONSUME",
      summary: "The step's record is burned and the plan's lease is taken.",
      compensation: "ABORT_NO_LEASE",
    },
    {
      state: "S2",
      kind: "check",
      name: "BACKUP",
      summary: "What the step touches is copied to files, each with its digest.",
      compensation: "ABORT_BACKUP",
      check: (work) => backup(work, backups),
    },
    {
      state: "S3",
      kind: "write",
      name: "STEP",
      summary: "The step's SQL with its conditions, evidence, negative tests and measured change, in one transaction.",
      compensation: "COMP_STEP",
      action: async ({ target, input }) => ({ ...(await play(target, input)) }),
      verify: async () => ({}),
      undo,
    },
    {
      state: "S4",
      kind: "check",
      fresh: true,
      name: "VERIFY",
      summary: "Over a fresh connection, what was committed is what was measured.",
      compensation: "CONTRADICTION",
      check: verify,
    },
    {
      state: "S5",
      kind: "finalize",
      name: "FINALIZE",
      summary: "The ledger has its line and the lease is given back.",
      compensation: "COMP_FINALIZE",
    },
  ];
}

async function preflight({ target, input }: Step, backups: BackupOptions): Promise<Detail> {
  await requireDirectory(backups);
  await setTimeouts(target, timeoutsOf(input.plan));
  const fingerprint = await requireRehearsed(target, input);
  if (input.act === "commit") await requireEarlier(target, input);
  await checkStops(target, doingOf(input).stop, "before");
  return { fingerprint, sessions: await refuseIdleSessions(target), earlier: input.earlier };
}

/** Taken where the target is still as it was rehearsed: what is compared under the step's locks is then the same content. */
async function backup({ target, input, root }: Step, options: BackupOptions): Promise<Detail> {
  await setTimeouts(target, timeoutsOf(input.plan));
  await requireRehearsed(target, input);
  // A rehearsal keeps nothing, and finds out whether all of it can be copied in the time that there is.
  if (input.rehearsal) return { kept: false, tables: await measureTables(target, tablesOf(input)) };
  const { plan, revision } = input.plan;
  const place = { target: input.plan.target, parts: [plan, revision, String(input.step), root] };
  return { ...(await backUp(target, options, place, tablesOf(input))) };
}

/**
 * What a stop in the middle of the run brings, and what a rehearsal rehearses of the way back (OPEN-2). A rollback is not
 * undone; whether it is whole is looked at instead, so that the ledger can say so.
 */
async function undo({ target, input, stands }: Undoing<StepInput>): Promise<Detail> {
  const step = stepOf(input);
  if (!stands || step.kind !== "sql") return { undone: false, stands };
  if (input.act === "commit") return { undone: true, stands, ...(await playBack(target, input)) };
  const evidence = await findEvidence(target, lasting(step.rollback.evidence), new Map());
  return { undone: false, stands, whole: evidence.every((one) => one.holds), evidence };
}

async function verify({ target, input, root }: Step): Promise<Detail> {
  const marker = (await readMarkers(target, root)).find((one) => one.state === "S3" && one.direction === "forward");
  await setTimeouts(target, timeoutsOf(input.plan));
  if (marker === undefined) throw new PlanProblem("EVIDENCE_FAILED", "The target has no marker of the step.");
  const { evidence } = marker.event as Played;
  const before = new Map(evidence.flatMap((one) => ("before" in one ? [[one.name, one.before] as const] : [])));
  const found = await findEvidence(target, doingOf(input).evidence, before);
  requireEvidence(found, "After the commit, the step's evidence");
  const fingerprint = await fingerprintOf(target, scopeOf(input));
  if (fingerprint !== marker.fingerprint) {
    throw new PlanProblem(
      "EVIDENCE_FAILED",
      `The step has left the fingerprint ${marker.fingerprint}, and after its commit the target has ${fingerprint}.`,
    );
  }
  return { fingerprint, evidence: found, handoff: stepOf(input).handoff };
}

const common = {
  carrier: "PLAN",
  target: "PLAN_STEP",
  leaseName: "plan",
  leaseFor: (input: StepInput) => `plan-${input.plan.target}`,
  authority: stepAuthority,
  looksItself: true,
  ownConnection: true,
  actionSet: ["plan_step"],
  needs: () => ["plan_step"],
  input: StepInputSchema,
  examine: () => undefined,
  digests: (input: StepInput) => ({
    manifest_digest: input.plan_digest,
    schema_digest: input.step_digest,
    count: input.plan.steps.length,
  }),
  fingerprint: (target, input) => fingerprintOf(target, scopeOf(input)),
  // A step that reverts leads back to what stood before it; one that retires does not, and its evidence speaks for it.
  standing: async (target, input, fingerprint) => {
    const step = stepOf(input);
    const reverts = step.kind === "sql" && step.rollback.mode === "revert" && input.act === "commit";
    return reverts ? (fingerprint ?? fingerprintOf(target, scopeOf(input))) : "";
  },
  baseline: async () => undefined,
  // Measured where the step was done, with what it may change beside it.
  delta: async (_target, _before, _input, last) => (last as unknown as Played).delta as unknown as Detail,
  explain: () => undefined,
} satisfies Omit<Build<StepInput>, "name" | "summary" | "states">;

/** The builds that do a plan's steps: one a kind of act, with the same states. */
export function stepBuilds(backups: BackupOptions): Build<StepInput>[] {
  const every = states(backups);
  return [
    { ...common, name: "plan-step", summary: "Commits one step of a plan.", states: every },
    {
      ...common,
      name: "plan-step-rollback",
      summary: "Rolls one committed step back.",
      rollsBack: true,
      states: every,
    },
    { ...common, name: "plan-check", summary: "Looks, as a step of a plan, and changes nothing.", states: every },
  ];
}
