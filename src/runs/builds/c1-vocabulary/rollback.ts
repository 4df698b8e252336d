import { digestOf } from "../../../kernel/json.ts";
import { ServiceProblem } from "../../../kernel/problems.ts";
import type { Build, Detail, Work } from "../../build.ts";
import { RunProblem } from "../../errors.ts";
import { refusalOf, type Standing } from "./admission.ts";
import { baseline, delta, expectedSchemaDigest, fingerprint, liveSchemaDigest, standing } from "./catalog.ts";
import { lookAtTarget } from "./preflight.ts";
import { explain } from "./refusals.ts";
import { C1RollbackInput, type RollbackStep } from "./schemas.ts";
import { findValues, insertEvidence, takeStep, undoSteps, type ValueRow } from "./store.ts";

type RollbackWork = Work<C1RollbackInput>;

/** What a step leaves its value as. */
const leaves: Readonly<Record<string, ValueRow["status"]>> = {
  retire: "retired",
  supersede: "superseded",
  restore: "active",
};

async function standingOf({ target, input }: RollbackWork): Promise<Standing> {
  const named = input.steps.flatMap((step) => [step, ...(step.successor === undefined ? [] : [step.successor])]);
  const names = named.map((one) => ({ code: one.operation_code, version: one.protocol_version ?? "" }));
  const found = new Map(
    (await findValues(target, names)).map((row) => [`${row.operation_code}@${row.protocol_version}`, row.status]),
  );
  return (code, version) => found.get(`${code}@${version}`);
}

async function preflight(work: RollbackWork): Promise<Detail> {
  const found = await lookAtTarget(work.target);
  if (found["collection"] === "absent") throw new RunProblem("RBP-10", "There is no C1 collection in this target.");
  const refused = refusalOf(work.input.steps, await standingOf(work));
  if (refused !== undefined) throw refused;
  return { steps: work.input.steps.length };
}

async function takeSteps({ target, input, root, authCode }: RollbackWork): Promise<Detail> {
  const taken: Record<string, number> = {};
  for (const step of input.steps) {
    await takeStep(target, step as Parameters<typeof takeStep>[1], root, authCode);
    taken[step.act] = (taken[step.act] ?? 0) + 1;
  }
  return taken;
}

async function assertSteps(work: RollbackWork): Promise<Detail> {
  const standingNow = await standingOf(work);
  for (const step of work.input.steps) {
    const is = standingNow(step.operation_code, step.protocol_version ?? "");
    if (is !== leaves[step.act]) {
      throw new RunProblem(
        "STATE_FAILED",
        `${step.operation_code}@${step.protocol_version} is ${is ?? "gone"} after its ${step.act}.`,
      );
    }
  }
  return { steps: work.input.steps.length };
}

async function assertSchema({ target }: RollbackWork): Promise<Detail> {
  const live = await liveSchemaDigest(target);
  if (live !== expectedSchemaDigest())
    throw new RunProblem("SCHEMA_DIGEST_MISMATCH", "The rollback has changed the schema c1.");
  return { schema_digest: live };
}

const evidence = async (
  { target, input, root, authCode, bindings }: RollbackWork,
  kind: "evidence" | "failure",
): Promise<Detail> => {
  const { manifest_digest, schema_digest } = bindings;
  const content = { rolls_back: input.rolls_back, steps: input.steps };
  await insertEvidence(target, root, {
    kind,
    auth_code: authCode,
    manifest_digest,
    schema_digest,
    value_count: input.steps.length,
    content,
  });
  return { manifest_digest };
};

async function undo({ target, root, authCode, bindings }: RollbackWork): Promise<Detail> {
  return { brought_back: await undoSteps(target, root, authCode, bindings.rollback_plan_ref) };
}

function refuseBadSteps({ steps }: C1RollbackInput): void {
  const refused = refusalOf(steps);
  if (refused !== undefined) throw refused;
  const seen = new Set<string>();
  for (const [position, step] of steps.entries()) {
    const id = idOf(step);
    if (seen.has(id)) {
      throw new ServiceProblem("INVALID_REQUEST", `Two steps are about ${id}.`, {
        errors: [{ pointer: `/input/steps/${position}`, detail: `is about ${id}, as an earlier step is` }],
      });
    }
    seen.add(id);
  }
}

function idOf(step: RollbackStep): string {
  return `${step.operation_code}@${step.protocol_version}`;
}

/** Rolls a finished C1 vocabulary build back, by versioned steps and nothing else (RUN-6). */
export const c1VocabularyRollback: Build<C1RollbackInput> = {
  name: "c1-vocabulary-rollback",
  summary: "Retires, supersedes or restores values that a finished C1 vocabulary build has left.",
  carrier: "C1",
  target: "DOT_C1_VOCAB_BUILD",
  leaseName: "lego1-c1-build",
  actionSet: ["dot_c1_retire_value", "dot_c1_supersede_value", "dot_c1_restore_value"],
  needs: ({ steps }) => [...new Set(steps.map((step) => `dot_c1_${step.act}_value`))],
  rollsBack: true,
  input: C1RollbackInput,
  examine: refuseBadSteps,
  digests: (input) => ({
    manifest_digest: digestOf(input),
    schema_digest: expectedSchemaDigest(),
    count: input.steps.length,
  }),
  states: [
    {
      state: "S0",
      name: "PREFLIGHT",
      kind: "check",
      compensation: "ABORT",
      summary: "Admits each step by its rules; writes nothing.",
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
      name: "ROLLBACK",
      kind: "write",
      compensation: "COMP_ROLLBACK",
      summary: "Takes the steps, each with its record.",
      action: takeSteps,
      verify: assertSteps,
      undo,
    },
    {
      state: "S3",
      name: "VERIFY_SCHEMA",
      kind: "write",
      compensation: "COMP_ROLLBACK",
      summary: "Recomputes schema_digest from the live catalog.",
      action: async () => ({}),
      verify: assertSchema,
      undo,
    },
    {
      state: "S4",
      name: "EVIDENCE",
      kind: "write",
      compensation: "COMP_EVIDENCE",
      summary: "Writes the evidence of the rollback.",
      action: (work) => evidence(work, "evidence"),
      verify: async () => ({}),
      undo: (work) => evidence(work, "failure"),
    },
    {
      state: "S5",
      name: "FINALIZE",
      kind: "finalize",
      compensation: "COMP_FINALIZE",
      summary: "Writes the outcome to the grant and frees the lease.",
    },
  ],
  fingerprint,
  standing,
  baseline,
  delta,
  explain,
};
