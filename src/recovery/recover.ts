import { withdrawEveryRequest } from "../approvals/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { appendEvent, type HeadElsewhere, type LogSigner, renameLog } from "../evidence/index.ts";
import { revokeEveryLiveGrant } from "../grants/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { raiseInTarget, raiseLeases } from "../leases/index.ts";
import { revokeEveryProposalApproval } from "../plans/index.ts";
import { parkRuns, releaseParkedRuns } from "../runs/index.ts";
import { type AuditVerdict, verifyAudit } from "./audit/verify.ts";
import { RecoveryProblem } from "./errors.ts";
import { holdAll, note, noticeRestore } from "./notice.ts";
import type { RecoveryReport } from "./report.ts";
import {
  countStandingAuthority,
  type IncarnationRow,
  lastEventBefore,
  latestIncarnation,
  lockIncarnations,
  neverGivenOut,
  notKnownAsUsed,
  setRecovered,
  skipLostEvents,
  unrecovered,
} from "./store.ts";
import { highestFences, type LookedAt } from "./targets.ts";

export interface RecoverOptions {
  readonly reason: string;
  /** Whoever asks knows of a restore that has left no trace: a volume or a virtual machine that was put back. */
  readonly restored: boolean;
  /** Whoever asks knows that nothing acknowledged was lost: a planned move, or a failover between synchronous standbys. */
  readonly nothingLost: boolean;
  /** What the targets have seen; fences are raised in them as well. */
  readonly targets: readonly LookedAt[];
  readonly skipped: readonly string[];
  /** The log's key, and what others know of the log; undefined where nothing was ever signed. */
  readonly log?: { readonly signer: LogSigner; readonly seen: readonly HeadElsewhere[] } | undefined;
}

export interface Recovered {
  readonly incarnation: number;
  /** True where it was done before, and nothing was changed now. */
  readonly replayed: boolean;
  readonly report: RecoveryReport;
  readonly audit: AuditVerdict;
}

/**
 * Takes back everything that a restored database believes to be unused, and raises every fence above what any target has
 * seen; a hold stands before and after. One transaction: all of it or nothing. The fences of the targets rise first, so
 * that an attempt that fails leaves them too high and never too low. Doing it again changes nothing.
 * @throws RecoveryProblem NOTHING_RESTORED, SOMETHING_LOST
 */
export async function recover(control: Database, caller: Caller, options: RecoverOptions): Promise<Recovered> {
  // Committed by itself: whatever fails after it, the hold stands.
  await control.transact((tx) => noticeRestore(tx, caller, "hold"));
  const done = await control.transact(async (tx) => {
    const pending = await pendingRestores(tx, caller, options);
    const last = pending.at(-1);
    if (last === undefined) return answerAgain(await latestIncarnation(tx));
    const report = await (options.nothingLost ? leaveAll : takeBack)(tx, caller, pending, options);
    for (const { incarnation } of pending) await setRecovered(tx, incarnation, caller.principal, report);
    await appendEvent(tx, caller, {
      action: "database.recovered",
      resourceType: "database",
      resourceId: last.incarnation,
      after: { ...report },
    });
    return { incarnation: Number(last.incarnation), replayed: false, report };
  });
  const audit = await control.transact((tx) => verifyAudit(tx), { readOnly: true });
  return { ...done, audit };
}

/** Restores that wait for this; one that has left no trace begins to count here. */
async function pendingRestores(tx: Tx, caller: Caller, options: RecoverOptions): Promise<IncarnationRow[]> {
  await lockIncarnations(tx);
  const found = await unrecovered(tx);
  const latest = await latestIncarnation(tx);
  // While the hold of a recovery stands, saying so again is the same restore.
  const restored = options.restored || contradictions(options).length > 0;
  if (found.length > 0 || !restored || latest?.held === true) return found;
  await note(tx, caller, latest, "restore", await holdAll(tx, caller, options.reason));
  return unrecovered(tx);
}

/** Heads of the log that others have and that this database contradicts: as good a trace of a restore as any. */
function contradictions({ log }: RecoverOptions): readonly HeadElsewhere[] {
  return (log?.seen ?? []).filter(({ contradiction }) => contradiction !== null);
}

function answerAgain(latest: IncarnationRow | undefined) {
  if (latest === undefined || latest.report === null) {
    throw new RecoveryProblem(
      "NOTHING_RESTORED",
      "The database is on the server and the timeline that it has on record, and no restore waits for a recovery.",
    );
  }
  return { incarnation: Number(latest.incarnation), replayed: true, report: latest.report };
}

/** In the order of GRANT-8: runs, leases, then what authorizes. The hold stands already. */
async function takeBack(
  tx: Tx,
  caller: Caller,
  pending: readonly IncarnationRow[],
  options: RecoverOptions,
): Promise<RecoveryReport> {
  const reason = `restored: ${options.reason}`;
  const runs_parked = await parkRuns(tx, caller, reason);
  const fences = await raiseLeases(tx, caller, highestFences(options.targets));
  const incarnation = pending.at(-1)?.incarnation ?? "";
  for (const { database } of options.targets) {
    await database.transact((target) => raiseInTarget(target, fences, `RESTORE-${incarnation}`));
  }
  const grants_revoked = await revokeEveryLiveGrant(tx, caller, reason);
  const records_revoked = await revokeEveryProposalApproval(tx, caller, reason);
  const requests_withdrawn = await withdrawEveryRequest(tx, caller, reason);
  const log = options.log === undefined ? undefined : await renameLog(tx, caller, options.log.signer, options.log.seen);
  const done = { runs_parked, fences, grants_revoked, records_revoked, requests_withdrawn, log: log ?? null };
  const next_event = (await skipLostEvents(tx)) + 1;
  return reportOf(tx, pending, options, { ...done, next_event });
}

/**
 * Nothing was lost, says who asks: what was stopped goes on once the hold is lifted. Where a target shows the contrary, that is not
 * believed: a fence that was never given out here, or a run whose authorization is not used here.
 */
async function leaveAll(
  tx: Tx,
  caller: Caller,
  pending: readonly IncarnationRow[],
  options: RecoverOptions,
): Promise<RecoveryReport> {
  const ahead = await neverGivenOut(tx, highestFences(options.targets));
  const report = await reportOf(tx, pending, options, nothing);
  const [head] = contradictions(options);
  if (head !== undefined) {
    throw new RecoveryProblem(
      "SOMETHING_LOST",
      `${head.where} has a head of the log of ${head.size ?? "more"} leaves: ${head.contradiction}.`,
    );
  }
  if (ahead.length > 0 || report.lost_runs.length > 0) {
    const runs = report.lost_runs.map((run) => run.run_root);
    throw new RecoveryProblem(
      "SOMETHING_LOST",
      `In the targets are fences of ${ahead.join(", ") || "no lease"} that were not given out here, and runs of ${runs.join(", ") || "no root"} that are not known here.`,
    );
  }
  await releaseParkedRuns(tx, caller, `nothing lost: ${options.reason}`);
  return report;
}

const nothing = {
  runs_parked: [],
  fences: [],
  grants_revoked: [],
  records_revoked: [],
  requests_withdrawn: [],
  next_event: null,
  log: null,
} satisfies Partial<RecoveryReport>;

async function reportOf(
  tx: Tx,
  pending: readonly IncarnationRow[],
  options: RecoverOptions,
  done: Pick<RecoveryReport, keyof typeof nothing>,
): Promise<RecoveryReport> {
  const [first, last] = [pending[0], pending.at(-1)];
  const marked = options.targets.flatMap(({ name, runs }) => runs.map((run) => ({ target: name, ...run })));
  const unknown = await notKnownAsUsed(
    tx,
    marked.map((run) => run.auth_code),
  );
  return {
    reason: options.reason,
    restored_to: (await lastEventBefore(tx, first?.incarnation ?? ""))?.toISOString() ?? null,
    system_identifier: last?.system_identifier ?? "",
    timeline: Number(last?.timeline),
    nothing_lost: options.nothingLost,
    holds: pending.flatMap(({ hold_id, held }) => (hold_id !== null && held ? [hold_id] : [])),
    ...done,
    targets: options.targets.map(({ name }) => name),
    targets_skipped: options.skipped,
    lost_runs: marked
      .filter((run) => unknown.has(run.auth_code))
      .map((run) => ({ ...run, began_at: run.began_at.toISOString() })),
    look_through: await countStandingAuthority(tx),
  };
}
