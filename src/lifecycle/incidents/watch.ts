import type { Database, Tx } from "../../database/index.ts";
import { appendEvents } from "../../evidence/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { findLatestBaseline } from "../gateway/baselines/store.ts";
import { gatewayDigest, readGateway } from "../gateway/catalog.ts";
import { compare } from "../gateway/compare.ts";
import type { GatewayDifference, GatewayObject } from "../gateway/schemas.ts";
import { compareUnits, type LogComparison, notCompared } from "./contradictions.ts";
import { type LogRead, readLog } from "./detector/read.ts";
import type { WatchReport } from "./schemas.ts";
import { findPosition, type IncidentRow, insertIncidents, movePosition, type Sighted } from "./store.ts";

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
  /** Whether units are compared with their log too, which costs more the more of them there are. */
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
  const units = thorough.units && baseline !== undefined ? await compareUnits(target, found) : notCompared;
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
  const { database, baseline, log, units } = look;
  const differences = baseline === undefined ? [] : compare(baseline.objects, look.found);
  const opened = await openIncidents(tx, caller, database, [
    ...differences.map((one) => changed(one, baseline?.baseline_id ?? "")),
    ...log.refused,
    ...units.sighted,
  ]);
  if (log.to !== undefined) await movePosition(tx, database, log.from, log.to);
  return {
    database,
    baseline_id: baseline === undefined ? null : Number(baseline.baseline_id),
    gateway_digest: gatewayDigest(look.found),
    differences,
    opened: opened.map(({ incident_id }) => Number(incident_id)),
    detector: { state: log.state, refused_since: log.refused.length },
    consistency: { compared: units.compared, contradictions: units.contradictions },
  };
}

/**
 * Looks, and records what was found, until all of the server's log is read.
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
    await control.transact((tx) => recordLook(tx, caller, look));
    if (!look.log.more || stopped()) return;
  }
}

async function openIncidents(
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
