import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import { placeHold } from "../holds/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { parkRuns } from "../runs/index.ts";
import {
  currentServer,
  hasRecoveryTarget,
  type IncarnationRow,
  insertIncarnation,
  latestIncarnation,
  lockIncarnations,
  type Origin,
} from "./store.ts";

/** What a new timeline of the same server is taken for. */
export type FailoverRule = "hold" | "continue";

export interface Noticed {
  /** `known`: the database lives where it lived before. */
  readonly origin: Origin | "known";
  /** The hold that stands because of it, until `countersign recover` and a lift. */
  readonly holdId: string | null;
}

/**
 * Looks, before anything is served, whether this database is where it was, and holds everything where it is not: a restore
 * has forgotten uses of grants, and nothing in it shows that (GRANT-9). Any number of processes may ask at once.
 * @param rule `continue`: a new timeline of the same server, without a recovery target in its settings, is a failover
 */
export async function noticeRestore(tx: Tx, caller: Caller, rule: FailoverRule): Promise<Noticed> {
  await lockIncarnations(tx);
  const [latest, server] = [await latestIncarnation(tx), await currentServer(tx)];
  if (latest === undefined) {
    await insertIncarnation(tx, { origin: "first", holdId: null, by: caller.principal });
    return { origin: "first", holdId: null };
  }
  if (latest.system_identifier === server.system_identifier && latest.timeline === server.timeline) {
    return { origin: "known", holdId: latest.held ? latest.hold_id : null };
  }
  const same =
    latest.system_identifier === server.system_identifier && Number(server.timeline) > Number(latest.timeline);
  if (rule === "continue" && same && !(await hasRecoveryTarget(tx))) {
    await note(tx, caller, latest, "failover", null);
    return { origin: "failover", holdId: null };
  }
  // A run that has its grant already would go on by itself, hold or not.
  await parkRuns(tx, caller, "restored");
  const holdId = await holdAll(
    tx,
    caller,
    `This database was restored or moved: it was on ${placeOf(latest)}, and is on ${placeOf(server)}. Run countersign recover.`,
  );
  await note(tx, caller, latest, "restore", holdId);
  return { origin: "restore", holdId };
}

/** A hold against everything. @returns its id */
export async function holdAll(tx: Tx, caller: Caller, reason: string): Promise<string> {
  return (await placeHold(tx, caller, { reason })).id;
}

/** Puts the new place of the database on record, with its event. @returns the number of the incarnation */
export async function note(
  tx: Tx,
  caller: Caller,
  latest: IncarnationRow | undefined,
  origin: Origin,
  holdId: string | null,
): Promise<string> {
  const incarnation = await insertIncarnation(tx, { origin, holdId, by: caller.principal });
  const server = await currentServer(tx);
  await appendEvent(tx, caller, {
    action: origin === "restore" ? "database.restored" : "database.failed_over",
    resourceType: "database",
    resourceId: incarnation,
    before: latest === undefined ? null : summary(latest),
    after: { ...summary(server), hold_id: holdId },
  });
  return incarnation;
}

function summary(place: { system_identifier: string; timeline: string }) {
  return { system_identifier: place.system_identifier, timeline: Number(place.timeline) };
}

function placeOf({ system_identifier, timeline }: { system_identifier: string; timeline: string }): string {
  return `server ${system_identifier}, timeline ${timeline}`;
}
