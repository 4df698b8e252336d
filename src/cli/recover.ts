import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { recoverDatabase } from "../recover.ts";
import { UsageError } from "./connection.ts";
import { fields, type Shown, table } from "./output.ts";
import type { Run } from "./tokens.ts";

interface RecoverOptions {
  readonly reason: string;
  readonly restored?: boolean;
  readonly nothingLost?: boolean;
  readonly skip?: readonly string[];
  readonly head?: readonly string[];
}

async function recoverNow(options: RecoverOptions): Promise<Shown> {
  const { reason, restored = false, nothingLost = false, skip = [], head } = options;
  if (restored && nothingLost) throw new UsageError("--restored and --nothing-lost contradict each other");
  const { incarnation, replayed, report, audit } = await recoverDatabase(readConfig(), {
    reason,
    restored,
    nothingLost,
    skip,
    heads: head,
  });
  const { fences, lost_runs, look_through, log, ...rest } = report;
  const counted = Object.fromEntries(
    Object.entries(rest).map(([name, entry]) => [name, Array.isArray(entry) ? entry.length : entry]),
  );
  const parts = [
    fields({
      incarnation,
      replayed,
      ...counted,
      holds: report.holds.join(" ") || null,
      targets: report.targets.join(" ") || null,
      fences_raised: fences.length,
      lost_runs: lost_runs.length,
      log: log?.origin ?? null,
      log_key: log?.verifier_key ?? null,
      look_through,
      audit_passed: audit.passed,
      audit_events: audit.events,
    }),
    lines(
      "fences",
      ["lease", "restored", "in targets", "raised to"],
      fences.map((one) => [one.lease_name, one.restored, one.in_targets, one.raised_to]),
    ),
    lines(
      "heads of the log that are elsewhere",
      ["where", "leaves", "this database"],
      (log?.seen ?? []).map((one) => [one.where, one.size ?? "-", one.contradiction ?? "continues it"]),
    ),
    lines(
      "runs of the time that was lost",
      ["target", "root", "authorization", "build", "began at"],
      lost_runs.map((one) => [one.target, one.run_root, one.auth_code, one.build, one.began_at]),
    ),
    lines(
      "the log does not agree",
      ["what", "count", "examples"],
      audit.contradictions.map((one) => [one.what, one.count, one.examples.join(" ")]),
    ),
  ];
  const value = { incarnation, replayed, ...report, audit };
  return { value, text: parts.filter(Boolean).join("\n\n"), code: audit.passed ? 0 : 1 };
}

function lines(title: string, columns: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return rows.length === 0 ? "" : `${title}\n${table(columns, rows)}`;
}

/** What is run once, on a control database that was restored, before its hold is lifted. */
export function addRecoverCommand(program: Command, run: Run): void {
  program
    .command("recover")
    .description(
      "after a restore of the control database: hold, revoke, raise fences, verify the log; exit 1 when it does not agree",
    )
    .requiredOption("--reason <text>", "what happened; it is in every event")
    .option("--restored", "it was restored, though it does not show: a volume or a machine was put back")
    .option("--nothing-lost", "it was moved, or has failed over, and nothing acknowledged was lost: take nothing back")
    .option("--skip <target...>", "targets that are gone")
    .option("--head <file...>", "signed heads of the log that were kept elsewhere, and exports of it")
    .action((options: RecoverOptions) => run(() => recoverNow(options)));
}
