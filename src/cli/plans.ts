import { randomUUID } from "node:crypto";
import process from "node:process";
import type { Command } from "commander";
import type { Client } from "../client/index.ts";
import type { Connect } from "./approvals.ts";
import { readText, UsageError } from "./connection.ts";
import { fields, plain, type Shown, table } from "./output.ts";
import { addCouncilCommands } from "./plan-council.ts";
import { addPlanRecordCommands } from "./plan-records.ts";
import { addPlanSigning } from "./plan-signing.ts";
import { stepNumber, wholeNumber } from "./plan-steps.ts";
import { board, follow, verdict } from "./progress.ts";
import { listed, withPaging } from "./pages.ts";
import { said } from "./terminal.ts";
import type { Run } from "./tokens.ts";

type RunView = Awaited<ReturnType<Client["readRun"]>>;
type Revision = Awaited<ReturnType<Client["plans"]["read"]>>;
type StepAct = Awaited<ReturnType<Client["plans"]["commit"]>>;
type CommitInput = Parameters<Client["plans"]["commit"]>[3];

interface StepOptions {
  readonly root?: string;
  readonly workWithin?: number;
  readonly watch?: boolean;
}

/** Plan files, registered revisions, and runs of their steps (PLAN-1 to PLAN-7). */
export function addPlanCommands(program: Command, run: Run, connect: Connect): void {
  const plan = program.command("plan").description("plans: stepwise changes, each step rehearsed and authorized alone");
  addFileCommands(plan, run, connect);
  addReadCommands(plan, run, connect);
  addStepCommands(plan, run, connect, () => program.opts<{ json?: boolean }>().json === true);
  addPlanRecordCommands(plan, run, connect);
  addPlanSigning(plan, run, connect);
  addCouncilCommands(plan, run, connect);
}

function addFileCommands(plan: Command, run: Run, connect: Connect): void {
  plan
    .command("lint")
    .description("check a plan file on this machine")
    .argument("<file>", "the plan")
    .action((file: string) => run(() => examine(file, false)));
  plan
    .command("digest")
    .description("the digest of a plan file and of each step, computed on this machine")
    .argument("<file>", "the plan")
    .action((file: string) => run(() => examine(file, true)));
  plan
    .command("register")
    .description("register the file as a revision, which never changes")
    .argument("<file>", "the plan")
    .option("--dry-run", "only check it")
    .action((file: string, options: { dryRun?: boolean }) =>
      run(async () => {
        const source = readText(file);
        const value = await connect("requester").client.plans.register(source, { dryRun: options.dryRun });
        if (options.dryRun === true) return { value, text: said`${file} would be registered; nothing was written` };
        return { value, text: said`${value.plan_id} revision ${value.revision} is registered: ${value.plan_digest}` };
      }),
    );
}

/** Looks at a plan file without the service: faults by line, or what it holds. Exit code 1 for a faulty one. */
async function examine(file: string, digests: boolean): Promise<Shown> {
  const source = readText(file);
  // Loaded here, since only these two commands need the SQL parser.
  const { lintPlan, parsePlan } = await import("../plan-file/index.ts");
  const { faults } = await lintPlan(source);
  if (faults.length > 0) {
    const places = faults.map((fault) => `${file}:${fault.line}:${fault.column}: ${plain(fault.detail)}`);
    return { value: { file, faults }, text: places.join("\n"), code: 1 };
  }
  const { plan, digest, stepDigests } = await parsePlan(source);
  const steps = plan.steps.map((step) => ({
    step: step.step,
    name: step.name,
    kind: step.kind,
    step_digest: stepDigests.get(step.step),
  }));
  const value = { file, plan_id: plan.plan, revision: plan.revision, plan_digest: digest, steps, faults };
  const counted = `${steps.length} ${steps.length === 1 ? "step" : "steps"}`;
  if (!digests) return { value, text: `${plan.plan} revision ${plan.revision}: ${counted}, no faults\n${digest}` };
  const rows = steps.map((one) => [one.step, one.name, one.kind, one.step_digest]);
  return { value, text: `${digest}\n\n${table(["step", "name", "kind", "digest"], rows)}` };
}

function addReadCommands(plan: Command, run: Run, connect: Connect): void {
  withPaging(
    plan
      .command("list")
      .description("registered revisions, newest first")
      .option("--plan <plan>", "revisions of this plan alone"),
  ).action(({ plan: id, ...query }: Record<string, string>) =>
    run(() =>
      listed(
        { ...query, plan_id: id },
        (page) => connect("operator").client.plans.list(page),
        ["plan", "revision", "target", "title", "registered by", "registered at"],
        (one) => [one.plan_id, one.revision, one.target, one.title, one.registered_by, one.registered_at],
      ),
    ),
  );
  plan
    .command("show")
    .description("a revision with its steps and what they need")
    .argument("<plan>")
    .argument("<revision>")
    .action((id: string, revision: string) =>
      run(async () => {
        const value = await connect("operator").client.plans.read(id, revision);
        return { value, text: shown(value) };
      }),
    );
  plan
    .command("status")
    .description("where each step stands")
    .argument("<plan>")
    .argument("<revision>")
    .option("--ledger", "and everything that was done, in order")
    .action((id: string, revision: string, options: { ledger?: boolean }) =>
      run(async () => {
        const value = await connect("operator").client.plans.read(id, revision);
        const text = options.ledger === true ? `${standing(value)}\n\n${ledger(value)}` : standing(value);
        return { value: { plan_id: id, revision, steps: value.steps, ledger: value.ledger }, text };
      }),
    );
}

function shown(revision: Revision): string {
  const { plan_id, plan_digest, title, target, registered_by, registered_at } = revision;
  const head = { plan_id, revision: revision.revision, title, target, plan_digest, registered_by, registered_at };
  const rows = revision.steps.map((one) => [
    one.step,
    one.name,
    one.kind,
    one.status,
    `${one.records.join(" ") || "none"}${one.signed ? ", signed" : ""}`,
    one.after.join(" ") || "-",
    one.step_digest,
  ]);
  return `${fields(head)}\n\n${table(["step", "name", "kind", "status", "records", "after", "digest"], rows)}`;
}

function standing(revision: Revision): string {
  const rows = revision.steps.map((one) => {
    const last = revision.ledger.findLast((entry) => entry.step === one.step);
    const act = last === undefined ? undefined : `${last.act}: ${last.outcome}`;
    return [one.step, one.name, one.kind, one.status, act, last?.recorded_at, last?.recorded_by];
  });
  return table(["step", "name", "kind", "status", "last act", "when", "by"], rows);
}

function ledger(revision: Revision): string {
  const rows = revision.ledger.map((entry) => [
    entry.seq,
    entry.recorded_at,
    entry.revision,
    entry.step,
    `${entry.act}: ${entry.outcome}`,
    entry.recorded_by,
    entry.idempotency_root,
    entry.approval_code,
    entry.rehearsal_ref,
  ]);
  return table(["seq", "when", "revision", "step", "act", "by", "root", "approval", "rehearsal"], rows);
}

function addStepCommands(plan: Command, run: Run, connect: Connect, json: () => boolean): void {
  const ended = (client: Client, value: RunView, watch: boolean | undefined): Promise<Shown> =>
    watch === true ? follow(client, value.idempotency_root, json(), ending) : Promise.resolve(outcome(value));

  onStep(plan, "rehearse", "try a step in a transaction that is rolled back")
    .option("--rollback", "rehearse the rollback of a committed step")
    .action((id: string, revision: string, step: number, options: StepOptions & { rollback?: boolean }) =>
      run(async () => {
        const { client } = connect("executor");
        const input = {
          ...asked(options),
          act: options.rollback === true ? "rollback" : "commit",
        } as const;
        return ended(client, await client.plans.rehearse(id, revision, step, input), options.watch);
      }),
    );
  onStep(plan, "commit", "commit one step under its own records")
    .option("--approval <code>", "the M-1 record for exactly this step")
    .option("--document <name=digest>", "a document that evidences the step; again for each", document, [])
    .action((id: string, revision: string, step: number, options: CommitOptions) =>
      run(async () => {
        const { client } = connect("executor");
        const input = { ...asked(options), ...evidenceOf(options) };
        const value = await client.plans.commit(id, revision, step, input);
        return value.run === null ? recorded(value) : ended(client, value.run, options.watch);
      }),
    );
  onStep(plan, "rollback", "roll a committed step back")
    .requiredOption("--approval <code>", "the M-1 record for exactly this rollback")
    .action((id: string, revision: string, step: number, options: StepOptions & { approval: string }) =>
      run(async () => {
        const { client } = connect("executor");
        const input = { ...asked(options), approval_code: options.approval };
        return ended(client, await client.plans.rollback(id, revision, step, input), options.watch);
      }),
    );
}

interface CommitOptions extends StepOptions {
  readonly approval?: string;
  readonly document: Documents;
}

type Documents = NonNullable<CommitInput["documents"]>;

function onStep(plan: Command, name: string, description: string): Command {
  return plan
    .command(name)
    .description(description)
    .argument("<plan>")
    .argument("<revision>")
    .argument("<step>", "its number", stepNumber)
    .option("--root <root>", "idempotency_root, to resume a run; a fresh one if absent")
    .option("--work-within <seconds>", "how long the run may work; the service has a default", wholeNumber)
    .option("--watch", "follow it to its end");
}

function document(text: string, before: Documents): Documents {
  const [, name, digest] = /^(.+)=(sha256:[0-9a-f]{64})$/.exec(text) ?? [];
  if (name === undefined || digest === undefined) throw new UsageError("--document is name=sha256:…");
  return [...before, { name, digest }];
}

function evidenceOf({ approval, document: documents }: CommitOptions): Omit<CommitInput, "idempotency_root"> {
  return {
    ...(approval === undefined ? {} : { approval_code: approval }),
    ...(documents.length === 0 ? {} : { documents }),
  };
}

/** What every run of a step is asked with. */
function asked(options: StepOptions): { idempotency_root: string; work_within_seconds?: number } {
  const within = options.workWithin === undefined ? {} : { work_within_seconds: options.workWithin };
  return { idempotency_root: rootOf(options), ...within };
}

/** Said before the run is started: whoever loses the answer resumes with it. */
function rootOf({ root }: StepOptions): string {
  if (root !== undefined) return root;
  const made = `plan-${randomUUID()}`;
  process.stderr.write(`root ${made}\n`);
  return made;
}

/** A step of kind `record` is done at once: there is a line of the ledger, and no run to follow. */
function recorded(value: StepAct): Shown {
  const { line: of } = value;
  return { value, text: said`step ${of?.step} is ${of?.outcome}, by ${of?.recorded_by} at ${of?.recorded_at}` };
}

function outcome(value: RunView): Shown {
  return { value, text: `${board(value)}\n${ending(value)}`, code: value.status === "stopped" ? 1 : 0 };
}

/** What became of the run, and what the act changes, or would change where it was rehearsed. */
function ending(value: RunView): string {
  const details = value.states.map(({ detail }) => detail as { delta?: Partial<Delta> } | null);
  const delta = details.find((detail) => detail?.delta !== undefined)?.delta;
  return delta === undefined ? verdict(value) : `${verdict(value)}\n${changes(delta)}`;
}

/** What a step has done to the target, as its run has measured it (PLAN-5). */
interface Delta {
  readonly objects: readonly { readonly object: string; readonly change: string }[];
  readonly rows: Readonly<Record<string, Readonly<Record<"insert" | "update" | "delete", number>>>>;
  readonly sequences: readonly string[];
}

function changes({ objects = [], rows = {}, sequences = [] }: Partial<Delta>): string {
  const lines = [
    ...objects.map(({ object, change }) => `${change} ${object}`),
    ...Object.entries(rows).map(
      ([name, by]) => `rows of ${name}: ${by.insert} inserted, ${by.update} updated, ${by.delete} deleted`,
    ),
    ...sequences.map((name) => `moved sequence ${name}`),
  ];
  return lines.map(plain).join("\n") || "nothing changes";
}
