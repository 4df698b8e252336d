import { type Database, sqlState } from "../../../database/index.ts";
import type { DetectorState } from "../schemas.ts";
import type { LogPosition, Sighted } from "../store.ts";
import { sighted } from "./sighting.ts";
import { hasDetector, readPiece, type RefusedRow } from "./store.ts";

/** What of the server's log was read in one look. */
export interface LogRead {
  readonly state: DetectorState;
  readonly refused: readonly Sighted[];
  readonly from: LogPosition | undefined;
  /** Where the next look begins; undefined where nothing could be read. */
  readonly to: LogPosition | undefined;
  /** Whether there is more than one look reads. */
  readonly more: boolean;
}

/** A look holds what it read in memory: at most so many pieces, each of at most 4 MiB of log. */
const mostPieces = 16;
const mostRefused = 5_000;
/** What is stored of a place: the detector is the target's, and may answer anything. */
const mostOfName = 300;
const isPosition = /^[0-9]{1,18}$/;

/** object_not_in_prerequisite_state: the server keeps no log that could be read. */
const noLog = "55000";

/**
 * Reads what the server has refused since a place of its log (LIFE-7). Reading again from the same place answers the
 * same sightings: nothing is lost or doubled, whatever ends in between. A detector that fails is a state of it, and no
 * error: whoever breaks it would otherwise stop the watch over the gateway too.
 */
export async function readLog(target: Database, from: LogPosition | undefined): Promise<LogRead> {
  const refused: Sighted[] = [];
  let to = from;
  const read = (state: DetectorState, more = false): LogRead => ({ state, refused, from, to, more });
  try {
    if (!(await target.transact(hasDetector, { readOnly: true }))) return read("not_installed");
    for (let piece = 1; piece <= mostPieces && refused.length < mostRefused; piece += 1) {
      const rows = await target.transact((tx) => readPiece(tx, to?.file, to?.position), { readOnly: true });
      refused.push(...rows.flatMap(sighted));
      const next = placeOf(rows);
      if (next === undefined || (next.file === to?.file && next.position === to.position)) return read("reading");
      to = next;
    }
    return read("reading", true);
  } catch (error) {
    return read(sqlState(error) === noLog ? "no_log" : "failing");
  }
}

/** Whether refused writes would be seen now; it reads one piece of the log and keeps nothing of it. */
export async function seeDetector(target: Database, from: LogPosition | undefined): Promise<DetectorState> {
  try {
    if (!(await target.transact(hasDetector, { readOnly: true }))) return "not_installed";
    await target.transact((tx) => readPiece(tx, from?.file, from?.position), { readOnly: true });
    return "reading";
  } catch (error) {
    return sqlState(error) === noLog ? "no_log" : "failing";
  }
}

function placeOf(rows: readonly RefusedRow[]): LogPosition | undefined {
  const last = rows.findLast(({ session_id }) => session_id === null);
  if (last === undefined || typeof last.file !== "string" || last.file === "" || last.file.length > mostOfName)
    return undefined;
  if (!isPosition.test(last.next_position ?? "")) return undefined;
  return { file: last.file, position: String(last.next_position) };
}
