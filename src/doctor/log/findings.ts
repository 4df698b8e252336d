import type { Tx } from "../../database/index.ts";
import {
  type Cosigners,
  cosignedSize,
  type LogFaultCode,
  retainedParts,
  type RetainedRow,
} from "../../evidence/index.ts";
import type { Finding } from "../schemas.ts";
import { logStanding } from "./store.ts";

/** What this process knows of the log and the database does not say (AUDIT-2). */
export interface LogSighting {
  /** In which ways it has found the log changed, since it was started. */
  readonly faults: readonly { readonly code: LogFaultCode; readonly detail: string; readonly since: Date }[];
  /** Whom it shows the heads, and for how long one of them has not had the newest; 0 while it has. */
  readonly witnesses: readonly { readonly name: string; readonly lagSeconds: number }[];
  /** How many of the HTTP witnesses must have signed a head before evidence refers to it. */
  readonly cosigners: Cosigners;
}

/** Sealing takes a few seconds: what has waited for a minute waits for something. */
const patienceSeconds = 60;

/** A log that was changed, stands still, or that nobody outside has seen (OPEN-6, AUDIT-2). */
export async function logFindings(tx: Tx, sighting: LogSighting): Promise<Finding[]> {
  const log = await logStanding(tx, await cosignedSize(tx, sighting.cosigners));
  const findings: Finding[] = sighting.faults.map(({ code, detail, since }) => ({
    severity: "error",
    code: "LOG_FAULT",
    subject: code,
    detail: `${detail} Seen first at ${since.toISOString()}.`,
    remedy:
      "Somebody has changed the log behind the service. Leave the database as it is, keep a copy of it and of what the witnesses have, and compare the two with `countersign audit verify`.",
  }));
  if (log.behind > patienceSeconds) {
    findings.push({
      severity: "warning",
      code: "LOG_BEHIND",
      subject: "log",
      detail: `${log.unsealed} events at most are not in the log, the oldest for ${Math.round(log.behind)} s.`,
      remedy:
        "Look for a process with SEAL_INTERVAL_MS above 0 and in its log for why it cannot, and for a transaction that has been open for long in any database of the server (pg_stat_activity, and pg_prepared_xacts for one that was prepared): the order of events is final when it ends.",
    });
  }
  if (!log.next_month) {
    findings.push({
      severity: "error",
      code: "AUDIT_PARTITIONS_END",
      subject: "audit_events",
      detail: "There is no partition for the events of the next month, and without one nothing can be done then.",
      remedy: "Start the service: it makes those of three months. In its log is why it could not.",
    });
  }
  return [
    ...findings,
    ...retainedFindings(await retainedParts(tx)),
    ...witnessFindings(sighting),
    ...cosignatureFindings(sighting, log),
  ];
}

/** What is in files alone: whoever loses them loses the events. */
function retainedFindings(parts: readonly RetainedRow[]): Finding[] {
  if (parts.length === 0) return [];
  const leaves = parts.reduce((sum, part) => sum + part.leaves, 0);
  const files = parts.map(({ month, file, kept }) => `${month} in ${file}${kept ? " (its table is still there)" : ""}`);
  return [
    {
      severity: "info",
      code: "AUDIT_RETAINED",
      subject: "audit_events",
      detail: `${leaves} events of ${parts.length} months were exported and detached: ${files.join(", ")}.`,
      remedy: "Keep the files, and a copy elsewhere: `countersign audit verify --database <files>` looks at them.",
    },
  ];
}

function witnessFindings({ witnesses }: LogSighting): Finding[] {
  if (witnesses.length === 0) {
    return [
      {
        severity: "info",
        code: "LOG_NOT_WITNESSED",
        subject: "log",
        detail:
          "Nobody outside of the database keeps the heads of the log: one who has LOG_KEY and the database could write it anew.",
        remedy: "Set AUDIT_WITNESS_FILE to a place that the database's administrator cannot write, or AUDIT_WITNESSES.",
      },
    ];
  }
  return witnesses
    .filter(({ lagSeconds }) => lagSeconds > patienceSeconds)
    .map(({ name, lagSeconds }) => ({
      severity: "warning",
      code: "WITNESS_SILENT",
      subject: name,
      detail: `It has not taken the newest head of the log for ${Math.round(lagSeconds)} s.`,
      remedy: "See in the log of the service what it answers. What is sealed meanwhile it sees afterwards.",
    }));
}

function cosignatureFindings(
  { cosigners: { required } }: LogSighting,
  { size, cosigned, uncosigned }: { size: number; cosigned: number; uncosigned: number },
): Finding[] {
  if (required === 0 || uncosigned <= patienceSeconds) return [];
  return [
    {
      severity: "warning",
      code: "COSIGNATURES_MISSING",
      subject: "log",
      detail: `The log has ${size} leaves; ${required} witnesses have signed ${cosigned} of them, and evidence refers to no more.`,
      remedy: "See which of AUDIT_WITNESSES does not answer, or lower AUDIT_COSIGNATURES.",
    },
  ];
}
