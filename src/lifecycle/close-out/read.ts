import { participantsOf } from "../../approvals/index.ts";
import type { Database, Tx } from "../../database/index.ts";
import { readGrant } from "../../grants/index.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import { findRun, isUnderWay, readInput, RunProblem, type RunRow } from "../../runs/index.ts";
import { asked } from "../asked.ts";
import { readReviewDecision } from "../decisions/record.ts";
import { findDecision } from "../decisions/store.ts";
import { gatewayDigest, readGateway } from "../gateway/catalog.ts";
import { sameDecision } from "../incidents/decisions/compare.ts";
import { kinds } from "../transitions/kinds.ts";
import type { ManifestUnit, TransitionInput } from "../transitions/schemas.ts";
import { targetDecisions } from "../transitions/store.ts";
import type { LogLine } from "../units/schemas.ts";
import type { ClosedCount, ClosedUnit, CloseOut } from "./schemas.ts";
import { countWritten, selectLines, selectVersionsNow, type VersionNow } from "./store.ts";

interface Governed {
  readonly run: RunRow;
  readonly input: TransitionInput;
  readonly approval: CloseOut["approval"];
}

/**
 * The close-out of a finished lifecycle run (LIFE-6): what approved it, what it has written, and how each unit stands now.
 * @throws ServiceProblem NOT_FOUND for a root that is no lifecycle run's; RunProblem RUN_NOT_FINISHED, TARGET_UNAVAILABLE;
 *   LifecycleProblem GATEWAY_NOT_INSTALLED
 */
export async function closeOut(
  control: Database,
  open: (database: string) => Promise<Database>,
  root: string,
): Promise<CloseOut> {
  const record = await control.transact((tx) => readRecord(tx, root), { readOnly: true });
  const { run, input } = record;
  const target = await open(run.database);
  return asked(() =>
    target.transact(
      async (tx) => {
        const versions = input.units.map(({ canonical_address, ...unit }) => ({
          canonical_address,
          version_id: unit.new_version_id ?? unit.version_id,
        }));
        const now = await selectVersionsNow(tx, versions);
        const log = await selectLines(tx, [root, compensationRef(root)]);
        const gateway = { approved: input.gateway_digest, now: gatewayDigest(await readGateway(tx)) };
        const approval = await withProblems(tx, record.approval, run.database);
        return conclude({ ...record, approval }, now, log, { gateway, row_counts: await countWritten(tx) });
      },
      { readOnly: true },
    ),
  );
}

/** What the undoing of a run calls itself in the log. */
function compensationRef(root: string): string {
  return `${root}:compensation`;
}

async function readRecord(tx: Tx, root: string): Promise<Governed> {
  const run = await findRun(tx, root);
  if (run === undefined || !Object.values(kinds).some(({ build }) => build === run.build))
    throw new ServiceProblem("NOT_FOUND", `There is no lifecycle run ${root}.`);
  if (isUnderWay(run.status))
    throw new RunProblem(
      "RUN_NOT_FINISHED",
      `The run ${root} is ${run.status}; it is closed out once it has finished.`,
    );
  // It was examined by the build's own schema when the run was started.
  const input = (await readInput(tx, root)) as TransitionInput;
  return { run, input, approval: await approvalOf(tx, run, input) };
}

async function approvalOf(tx: Tx, run: RunRow, input: TransitionInput): Promise<CloseOut["approval"]> {
  const grant = await readGrant(tx, run.auth_code);
  const { requestedBy, voters } = await participantsOf(tx, grant.request_ref);
  return {
    auth_code: run.auth_code,
    request_ref: grant.request_ref,
    requested_by: requestedBy,
    voters,
    signed_by: grant.signature?.signer ?? null,
    manifest_digest: run.bindings.manifest_digest,
    decisions: [
      await decisionOf(tx, "transition", input.review_decision_id),
      ...(input.compensation_decision_id === undefined
        ? []
        : [await decisionOf(tx, "compensation", input.compensation_decision_id)]),
    ],
    change_set_id: input.change_set_id ?? null,
    reason: input.reason,
  };
}

async function decisionOf(
  tx: Tx,
  of: "transition" | "compensation",
  id: string,
): Promise<CloseOut["approval"]["decisions"][number]> {
  const known = (await findDecision(tx, id)) !== undefined;
  return { decision_id: id, of, record: known ? await readReviewDecision(tx, id) : null, problem: null };
}

/** What is wrong with the decisions: whoever may write into the target can make one there (LIFE-6). */
async function withProblems(
  target: Tx,
  approval: CloseOut["approval"],
  database: string,
): Promise<CloseOut["approval"]> {
  const ids = approval.decisions.map(({ decision_id }) => decision_id);
  const rows = new Map((await targetDecisions(target, ids)).map((row) => [row.decision_id, row]));
  const problemOf = ({ decision_id, record }: CloseOut["approval"]["decisions"][number]): string | null => {
    const row = rows.get(decision_id);
    if (record === null) return "The council has no such decision on record.";
    if (record.database !== database) return `It was made for the database ${record.database}.`;
    if (row === undefined) return "The target does not have it.";
    const own = { ...record, decided_at: new Date(record.decided_at) };
    return sameDecision(row, own) ? null : "The target has it otherwise than the council has it on record.";
  };
  return { ...approval, decisions: approval.decisions.map((one) => ({ ...one, problem: problemOf(one) })) };
}

function conclude(
  { run, input, approval }: Governed,
  now: readonly VersionNow[],
  log: readonly LogLine[],
  target: Pick<CloseOut, "gateway" | "row_counts">,
): CloseOut {
  const root = run.idempotency_root;
  const done = run.mode === "commit" && run.status === "succeeded";
  const states = new Map(now.map((one) => [one.canonical_address, one]));
  const units = input.units.map((unit) =>
    closedUnit(unit, states.get(unit.canonical_address) ?? nothing, log, { root, done }),
  );
  const counts = countsOf(input, log, now, { root, done });
  const decided = approval.decisions.every(({ problem }) => problem === null);
  return {
    idempotency_root: root,
    build: run.build,
    transition: input.transition,
    mode: run.mode,
    database: run.database,
    status: run.status,
    stop_state: run.stop_state,
    executor: run.executor,
    created_at: run.created_at.toISOString(),
    finished_at: run.finished_at?.toISOString() ?? null,
    taken_at: new Date().toISOString(),
    passed: decided && units.every(({ passed }) => passed) && counts.every(({ passed }) => passed),
    approval,
    counts,
    units,
    log: [...log],
    ...target,
  };
}

interface End {
  readonly root: string;
  /** Whether the run was to leave anything at all: a rehearsal and a run that was undone were not. */
  readonly done: boolean;
}

const nothing: Omit<VersionNow, "canonical_address"> = {
  unit_status: null,
  version_status: null,
  digest_now: null,
  last_status: null,
  last_transition: null,
  last_run: null,
};

function closedUnit(
  unit: ManifestUnit,
  { unit_status, version_status, digest_now, ...last }: Omit<VersionNow, "canonical_address">,
  log: readonly LogLine[],
  { root, done }: End,
): ClosedUnit {
  const own = log.filter((line) => line.canonical_address === unit.canonical_address);
  const version_digest = unit.new_version_digest ?? unit.version_digest;
  const explained = version_status === (last.last_status ?? "draft");
  const isOwn = last.last_run === root || last.last_run === compensationRef(root);
  // What was not enacted may have been edited since.
  const asApproved = !done || (own.length > 0 && digest_now === version_digest);
  return {
    canonical_address: unit.canonical_address,
    version_id: unit.new_version_id ?? unit.version_id,
    version_digest,
    log_ids: own.map(({ log_id }) => log_id),
    unit_status,
    version_status,
    digest_now,
    since: isOwn ? null : last.last_transition,
    passed: explained && asApproved,
  };
}

function count(name: string, expected: number, found: number): ClosedCount {
  return { name, expected, found, passed: expected === found };
}

/**
 * Lines of the log by type. Of a run that was undone there are none, or as many that undo them, each of the very version: one
 * that others have superseded or retired since is theirs, and one that is still in force was not undone.
 */
function countsOf(
  input: TransitionInput,
  log: readonly LogLine[],
  now: readonly VersionNow[],
  { root, done }: End,
): ClosedCount[] {
  const forward = log.filter(({ run_ref }) => run_ref === root);
  const back = log.filter(({ run_ref }) => run_ref !== root);
  const addresses = new Set(input.units.map((unit) => unit.canonical_address));
  const strangers = log.filter((line) => !addresses.has(line.canonical_address));
  const versions = forward.map(({ version_id, transition_type }) => `${version_id} ${transition_type}`);
  const own = new Set(forward.map(({ version_id }) => version_id));
  const undone = new Set(back.map(({ version_id }) => version_id));
  const inForce = new Set(now.filter((one) => one.version_status === "enacted").map((one) => one.canonical_address));
  const left = done || input.transition !== "enact" ? [] : forward.filter(({ version_id }) => !undone.has(version_id));
  const stays = left.filter((line) => inForce.has(line.canonical_address));
  const movedOn = left.length - stays.length;
  return [
    count(
      "lines of the run in the log",
      done ? input.units.length * kinds[input.transition].lines : back.length + movedOn,
      forward.length,
    ),
    count("lines that undo them", done ? 0 : forward.length - movedOn, back.length),
    count("lines of versions that have one already", 0, versions.length - new Set(versions).size),
    count("lines of units that are not in the manifest", 0, strangers.length),
    count(
      "lines that undo another version than the run's",
      0,
      back.filter(({ version_id }) => !own.has(version_id)).length,
    ),
    count("versions of the run that were to be undone and are in force", 0, stays.length),
  ];
}
