import { activeActionTypes, electorate, reachable, unimplemented } from "../approvals/index.ts";
import type { Tx } from "../database/index.ts";
import type { GatewaySighting } from "../lifecycle/index.ts";
import { tokensExpiringWithin } from "../principals/index.ts";
import { commitModeFindings } from "./commit-mode/findings.ts";
import { lifecycleFindings } from "./lifecycle/findings.ts";
import { logFindings, type LogSighting } from "./log/findings.ts";
import type { Sightings } from "../rehearsals/index.ts";
import { planFindings } from "./plans/findings.ts";
import { runFindings } from "./runs/findings.ts";
import type { Diagnosis, Finding } from "./schemas.ts";
import { webhookFindings } from "./webhooks/findings.ts";
import { databaseClock, liveGrants, overdueCounts, undecidedRequests } from "./store.ts";

const tokenNoticeSeconds = 14 * 86_400;
const clockToleranceMs = 2_000;

/**
 * Looks for what is configured or left in a way that cannot work, or soon will not (OPEN-6).
 * @param targets the names of the configured target databases
 * @param sightings how the targets look that live grants were rehearsed in
 * @param gateways how the accepted lifecycle gateways look
 * @param log what this process knows of the audit log
 */
export async function examine(
  tx: Tx,
  targets: readonly string[],
  sightings: Sightings,
  gateways: readonly GatewaySighting[],
  log: LogSighting,
): Promise<Diagnosis> {
  const sent = Date.now();
  const database = await databaseClock(tx);
  const received = Date.now();
  const findings = [
    ...clock(database, sent, received),
    ...(await actionTypes(tx)),
    ...(await requests(tx)),
    ...(await grants(tx)),
    ...(await commitModeFindings(tx, targets)),
    ...(await runFindings(tx, sightings)),
    ...(await planFindings(tx, targets)),
    ...(await lifecycleFindings(tx, gateways)),
    ...(await logFindings(tx, log)),
    ...(await webhookFindings(tx)),
    ...(await tokens(tx)),
    ...(await sweeper(tx)),
  ];
  return { checked_at: new Date(database).toISOString(), findings };
}

/** The clock of the service decides nothing; a large difference still confuses whoever reads its log. */
function clock(database: number, sent: number, received: number): Finding[] {
  const apart = Math.round(database < sent ? sent - database : Math.max(0, database - received));
  if (apart < clockToleranceMs) return [];
  return [
    {
      severity: "warning",
      code: "CLOCK_DIFFERENCE",
      subject: "service",
      detail: `The clocks of service and database are ${apart} ms apart.`,
      remedy: "Synchronise both with NTP. Decisions use the database's clock alone.",
    },
  ];
}

async function actionTypes(tx: Tx): Promise<Finding[]> {
  const people = await electorate(tx);
  return (await activeActionTypes(tx)).flatMap((type): Finding[] => {
    const findings: Finding[] = [];
    if (!reachable(type, people)) {
      findings.push({
        severity: "error",
        code: "QUORUM_UNSATISFIABLE",
        subject: type.action_code,
        detail: `Needs ${type.quorum} approvals, ${type.council_quorum} of the council; ${people.voters} may vote, ${people.council} of them council members.`,
        remedy: "Give more people the role approver or council, or lower the quorum.",
      });
    }
    if (type.handler_ref === unimplemented) {
      findings.push({
        severity: "info",
        code: "HANDLER_UNIMPLEMENTED",
        subject: type.action_code,
        detail: "Nothing executes this action type; its requests end in FAIL:unimplemented.",
        remedy: "Name a handler with PUT /v1/action-types, or retire the type.",
      });
    }
    return findings;
  });
}

async function requests(tx: Tx): Promise<Finding[]> {
  return (await undecidedRequests(tx)).flatMap((row): Finding[] => {
    const findings: Finding[] = [];
    if (row.reachable < row.quorum || row.council_reachable < row.council_quorum) {
      findings.push({
        severity: "error",
        code: "REQUEST_UNDECIDABLE",
        subject: row.apr_code,
        detail: `Needs ${row.quorum} approvals, ${row.council_quorum} of the council; at most ${row.reachable} and ${row.council_reachable} can come.`,
        remedy: "Give more people the role approver or council, or let the request be withdrawn.",
      });
    }
    if (!row.executor_exists) findings.push(nobody(row.apr_code, row.executor ?? ""));
    return findings;
  });
}

async function grants(tx: Tx): Promise<Finding[]> {
  return (await liveGrants(tx)).flatMap((row): Finding[] => {
    if (!row.can_execute) return [nobody(row.auth_code, row.executor)];
    if (!row.voted) return [];
    return [
      {
        severity: "error",
        code: "EXECUTOR_VOTED",
        subject: row.auth_code,
        detail: `${row.executor} voted on the request and can never consume the grant.`,
        remedy: "Revoke the grant and have the change approved for another executor.",
      },
    ];
  });
}

function nobody(subject: string, executor: string): Finding {
  return {
    severity: "error",
    code: "EXECUTOR_NOBODY",
    subject,
    detail: `The executor ${executor} is no active principal with the role executor.`,
    remedy: `Make the principal ${executor} with the role executor, or revoke or withdraw and name another.`,
  };
}

async function tokens(tx: Tx): Promise<Finding[]> {
  return (await tokensExpiringWithin(tx, tokenNoticeSeconds)).map((token) => ({
    severity: "warning",
    code: "TOKEN_EXPIRES_SOON",
    subject: token.token_id,
    detail: `The token of ${token.principal} expires at ${token.expires_at.toISOString()}.`,
    remedy: "Make a new token with `countersign token create` and hand it over before then.",
  }));
}

async function sweeper(tx: Tx): Promise<Finding[]> {
  const overdue = await overdueCounts(tx);
  if (overdue.grants + overdue.requests === 0) return [];
  return [
    {
      severity: "info",
      code: "SWEEP_LATE",
      subject: "service",
      detail: `${overdue.grants} grants and ${overdue.requests} requests are past their time and not yet marked. They are refused all the same.`,
      remedy: "See in the log why the sweeper does not run.",
    },
  ];
}
