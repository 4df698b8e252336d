import { type Database, isDatabaseError, mayPass, type Tx } from "../../database/index.ts";
import { appendEvents } from "../../evidence/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { digestOf } from "../../kernel/json.ts";
import { findLatestBaseline } from "../gateway/baselines/store.ts";
import { gatewayDigest, readGateway } from "../gateway/catalog.ts";
import { compare } from "../gateway/compare.ts";
import type { GatewayDifference, GatewayObject } from "../gateway/schemas.ts";
import { bounded } from "./bounds.ts";
import { compareUnits, type LogComparison, notCompared } from "./contradictions.ts";
import { type LogRead, readLog } from "./detector/read.ts";
import { fold, mostFindings, mostLines } from "./flood.ts";
import { insertMark } from "./marks/store.ts";
import type { WatchReport } from "./schemas.ts";
import {
  findPosition,
  type IncidentRow,
  insertIncidents,
  movePosition,
  selectKnownLines,
  type Sighted,
} from "./store.ts";

/** What was found in a target, and what it is to be compared with. */
export interface Look {
  readonly database: string;
  readonly baseline: { readonly baseline_id: string; readonly objects: readonly GatewayObject[] } | undefined;
  readonly found: readonly GatewayObject[];
  readonly log: LogRead;
  readonly units: LogComparison;
}

/** How much is looked at. */
export interface Thoroughness {
  /** Whether units are compared with their log too, and the log with what it was, which costs more the more there is. */
  readonly units: boolean;
}

/**
 * Looks at the gateway of a target and at what its server has refused, before any transaction that writes. The baseline
 * is the one that counted before the look: a gateway that is accepted meanwhile is compared with by the next.
 */
export async function lookAt(
  control: Database,
  target: Database,
  database: string,
  thorough: Thoroughness = { units: true },
): Promise<Look> {
  const [baseline, position] = await control.transact(
    async (tx) => [await findLatestBaseline(tx, database), await findPosition(tx, database)] as const,
    { readOnly: true },
  );
  const found = await target.transact(readGateway, { readOnly: true });
  const log = await readLog(target, position);
  const units =
    thorough.units && baseline !== undefined ? await compareUnits(control, target, database, found) : notCompared;
  return {
    database,
    baseline: baseline && {
      baseline_id: baseline.baseline_id,
      objects: JSON.parse(baseline.content) as GatewayObject[],
    },
    found,
    log,
    units,
  };
}

/**
 * Opens the incidents of a look, each with its audit event in this transaction (OPEN-10). What has an open incident
 * already opens none; what is still there after its incident was resolved opens another.
 */
export async function recordLook(tx: Tx, caller: Caller, look: Look): Promise<WatchReport> {
  const findings = await recordFindings(tx, caller, look);
  return reportOf(look, findings, await recordRefused(tx, caller, look));
}

interface Recorded {
  readonly opened: readonly IncidentRow[];
  readonly skipped: number;
}

/** What differs from the accepted gateway, and what contradicts the log; and how far the log was seen. */
async function recordFindings(tx: Tx, caller: Caller, look: Look): Promise<Recorded> {
  const { database, baseline, units, log } = look;
  const changes = differencesOf(look).map((one) => changed(one, baseline?.baseline_id ?? ""));
  const recorded = await openIncidents(tx, caller, database, [
    ...fold("gateway_changed", changes, mostFindings),
    ...blinded(log),
    ...units.sighted,
  ]);
  for (const mark of units.marks.next) {
    // Another look has marked from here: the rest would follow on a mark that is not there.
    if (!(await insertMark(tx, database, mark))) break;
  }
  return recorded;
}

/** A detector that has read and does not read any more: who stops it may not do so unseen. */
function blinded({ from, state }: LogRead): Sighted[] {
  if (from === undefined || state === "reading") return [];
  const detail = { aspect: "state", expected: "reading", found: state };
  return [{ kind: "gateway_changed", subject: "detector", sighting: digestOf({ detector: state }), detail }];
}

/**
 * What the server of the target has refused. It is read from the target's own log by the target's own function: whatever it
 * says, the position moves on, or one line would stop the watch for ever.
 */
async function recordRefused(tx: Tx, caller: Caller, { database, log }: Look): Promise<Recorded> {
  const nothing: Recorded = { opened: [], skipped: 0 };
  if (log.to === undefined || !(await movePosition(tx, database, log.from, log.to))) return nothing;
  const sighted = log.refused.map(bounded);
  const known = await selectKnownLines(
    tx,
    database,
    sighted.map(({ sighting }) => sighting),
  );
  const seen = new Set(known);
  const fresh = sighted.filter(({ sighting }) => !seen.has(sighting) && seen.add(sighting));
  return openIncidents(tx, caller, database, fold("direct_write_refused", fresh, mostLines));
}

function differencesOf({ baseline, found }: Look): GatewayDifference[] {
  return baseline === undefined ? [] : compare(baseline.objects, found);
}

function reportOf(look: Look, findings: Recorded, refused: Recorded): WatchReport {
  const { database, baseline, log, units } = look;
  return {
    database,
    baseline_id: baseline === undefined ? null : Number(baseline.baseline_id),
    gateway_digest: gatewayDigest(look.found),
    differences: differencesOf(look),
    opened: [...findings.opened, ...refused.opened].map(({ incident_id }) => Number(incident_id)),
    detector: { state: log.state, refused_since: log.refused.length },
    consistency: { compared: units.compared, contradictions: units.contradictions },
    skipped: findings.skipped + refused.skipped,
  };
}

/**
 * Looks, and records what was found, until all of the server's log is read. What was found of the gateway is committed before
 * anything of the server's log is recorded.
 * @param stopped whether to leave the rest of the log to the next time
 */
export async function watchTarget(
  control: Database,
  target: Database,
  database: string,
  caller: Caller,
  thorough: Thoroughness = { units: true },
  stopped: () => boolean = () => false,
): Promise<void> {
  for (;;) {
    const look = await lookAt(control, target, database, thorough);
    await control.transact((tx) => recordFindings(tx, caller, look));
    await control.transact((tx) => recordRefused(tx, caller, look));
    if (!look.log.more || stopped()) return;
  }
}

/** Opens them all; where that cannot be, each by itself: one that cannot be stored is counted, and keeps no other. */
async function openIncidents(tx: Tx, caller: Caller, database: string, sighted: readonly Sighted[]): Promise<Recorded> {
  const stored = sighted.map(bounded);
  const all = await unlessRefused(tx, () => openThese(tx, caller, database, stored));
  if (all !== undefined) return { opened: all, skipped: 0 };
  const opened: IncidentRow[] = [];
  const skipped: Sighted[] = [];
  for (const one of stored) {
    const rows = await unlessRefused(tx, () => openThese(tx, caller, database, [one]));
    if (rows === undefined) skipped.push(one);
    else opened.push(...rows);
  }
  const told = await unlessRefused(tx, () => openThese(tx, caller, database, unstored(skipped)));
  return { opened: [...opened, ...(told ?? [])], skipped: skipped.length };
}

/** What is left of sightings that could not be stored: that there were some. */
function unstored(skipped: readonly Sighted[]): Sighted[] {
  const [first] = skipped;
  if (first === undefined) return [];
  const sighting = digestOf(skipped.map((one) => one.sighting));
  return [{ kind: first.kind, subject: "unknown", sighting, detail: { could_not_be_stored: skipped.length } }];
}

/** Undefined where the database refuses it for what it is, and would refuse it again. */
async function unlessRefused<T>(tx: Tx, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await tx.savepoint(work);
  } catch (error) {
    if (!isDatabaseError(error) || mayPass(error)) throw error;
    return undefined;
  }
}

async function openThese(
  tx: Tx,
  caller: Caller,
  database: string,
  sighted: readonly Sighted[],
): Promise<IncidentRow[]> {
  const opened = await insertIncidents(tx, database, sighted);
  if (opened.length === 0) return opened;
  await appendEvents(
    tx,
    caller,
    opened.map(({ incident_id, kind, subject, sighting, detail }) => ({
      action: "incident.opened",
      resourceType: "lifecycle_incident",
      resourceId: incident_id,
      after: { database, kind, subject, sighting, detail },
    })),
  );
  return opened;
}

function changed({ object, aspect, expected, found, sighting }: GatewayDifference, baseline: string): Sighted {
  return {
    kind: "gateway_changed",
    subject: object,
    sighting,
    detail: { aspect, expected, found, baseline_id: Number(baseline) },
  };
}
