import { createHash, type Hash } from "node:crypto";
import type { Database, Tx } from "../../../database/index.ts";
import { digestOf } from "../../../kernel/json.ts";
import type { Sighted } from "../store.ts";
import { type Mark, newestSettled, selectLinesAfter } from "./store.ts";

/** What the lines of a log say, against what they said when they were marked. */
export interface MarkComparison {
  /** False where it was not asked for, or where it took too long. */
  readonly compared: boolean;
  readonly sighted: readonly Sighted[];
  /** What is to be marked now: nothing where anything marked differs. */
  readonly next: readonly Mark[];
}

export const notMarked: MarkComparison = { compared: false, sighted: [], next: [] };

/**
 * Lines that one look reads again. A log with more has its newest read by every look, and of the older ones a piece in turn: what
 * was changed there is found within as many looks as there are pieces.
 */
const mostLines = 100_000;
const pieceLines = 20_000;
const pageLines = 2_000;
/** Lines of one mark at most, so that an incident names where in the log it is. */
const markLines = 1_000;

/** What the first mark follows. */
const none = "0";

const logTable = "public.iu_lifecycle_log";

/**
 * Reads the marked lines again, and the lines since, as far as nobody is writing any. The log is append-only by triggers, which
 * whoever owns it can walk around (a rewrite of a column fires none): here it is what the control database remembers of it.
 * @param marks all marks of this target, the oldest first
 * @param turn which piece of a long log's older lines is read this time
 */
export async function compareMarks(target: Database, marks: readonly Mark[], turn: number): Promise<MarkComparison> {
  // Before the lines are read: see newestSettled.
  const settled = await target.transact(newestSettled, { readOnly: true });
  return target.transact(
    async (tx) => {
      const found: Found[] = [];
      for (const run of chosen(marks, turn)) found.push(...(await recompute(tx, run)));
      const sighted = [...ranges(found).map(rewritten), ...found.flatMap(({ broken }) => broken)];
      if (sighted.length > 0 || settled === undefined) return { compared: true, sighted, next: [] };
      const { next, broken } = await markOn(tx, marks.at(-1), settled);
      return { compared: true, sighted: broken, next: broken.length === 0 ? next : [] };
    },
    { readOnly: true },
  );
}

interface Found {
  readonly mark: Mark;
  readonly digest: string;
  readonly lines: number;
  readonly broken: readonly Sighted[];
}

interface Run {
  /** The digest that the first of them goes on from. */
  readonly before: string;
  readonly marks: readonly Mark[];
}

/** The newest marks, and a piece of the older ones. */
function chosen(marks: readonly Mark[], turn: number): Run[] {
  const runOf = (from: number, to: number): Run => ({
    before: marks[from - 1]?.digest ?? "",
    marks: marks.slice(from, to),
  });
  let first = marks.length;
  for (let lines = 0; first > 0 && lines < mostLines; first -= 1) lines += Number(marks[first - 1]?.lines);
  const pieces: [number, number][] = [];
  for (let from = 0; from < first; ) {
    let to = from;
    for (let lines = 0; to < first && lines < pieceLines; to += 1) lines += Number(marks[to]?.lines);
    pieces.push([from, to]);
    from = to;
  }
  const piece = pieces[turn % Math.max(1, pieces.length)];
  return [...(piece === undefined ? [] : [runOf(...piece)]), runOf(first, marks.length)];
}

/** What these marks would be of the log as it is now, one query a page. */
async function recompute(tx: Tx, { before, marks }: Run): Promise<Found[]> {
  const found: Found[] = [];
  let open = begin(before);
  let at = 0;
  const finish = (): void => {
    const mark = marks[at];
    if (mark === undefined) return;
    found.push({ mark, ...end(open) });
    at += 1;
    open = begin(mark.digest);
  };
  const first = marks[0]?.after_log_id;
  const last = marks.at(-1)?.log_id;
  if (first === undefined || last === undefined) return [];
  for await (const line of linesOf(tx, first, last)) {
    while (BigInt(line.log_id) > BigInt(marks[at]?.log_id ?? last)) finish();
    add(open, line);
  }
  while (at < marks.length) finish();
  return found;
}

/** The marks of the lines since the last one. */
async function markOn(
  tx: Tx,
  last: Mark | undefined,
  through: string,
): Promise<{ next: Mark[]; broken: readonly Sighted[] }> {
  const next: Mark[] = [];
  const broken: Sighted[] = [];
  let after = last?.log_id ?? none;
  if (BigInt(through) <= BigInt(after)) return { next: [], broken: [] };
  let open = begin(last?.digest ?? "");
  let newest = after;
  const finish = (): void => {
    const { digest, lines, broken: found } = end(open);
    broken.push(...found);
    if (lines === 0) return;
    next.push({ log_id: newest, after_log_id: after, digest, lines: String(lines) });
    after = newest;
    open = begin(digest);
  };
  let marked = 0;
  for await (const line of linesOf(tx, after, through)) {
    add(open, line);
    newest = line.log_id;
    marked += 1;
    if (open.lines === markLines) finish();
    // The rest is the next look's.
    if (marked === mostLines) break;
  }
  finish();
  return { next, broken };
}

interface Open {
  readonly hash: Hash;
  readonly broken: Sighted[];
  lines: number;
}

type Line = Awaited<ReturnType<typeof selectLinesAfter>>[number];

function begin(before: string): Open {
  return { hash: createHash("sha256").update(`${before}\n`), broken: [], lines: 0 };
}

function add(open: Open, line: Line): void {
  open.hash.update(`${line.digest}\n`);
  open.lines += 1;
  if (!line.whole) open.broken.push(otherBody(line));
}

function end({ hash, lines, broken }: Open): { digest: string; lines: number; broken: readonly Sighted[] } {
  return { digest: `sha256:${hash.digest("hex")}`, lines, broken };
}

async function* linesOf(tx: Tx, after: string, through: string): AsyncGenerator<Line> {
  // Before the first mark there is nothing, not even a line whose number nobody was given.
  for (let from = after === none ? "-9223372036854775808" : after; ; ) {
    const page = await selectLinesAfter(tx, from, through, pageLines);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageLines) return;
    from = last.log_id;
  }
}

/** Marks that differ, those beside each other together. */
function ranges(found: readonly Found[]): Found[][] {
  const runs: Found[][] = [];
  for (const one of found) {
    if (one.digest === one.mark.digest && one.lines === Number(one.mark.lines)) continue;
    const beside = runs.at(-1);
    if (beside?.at(-1)?.mark.log_id === one.mark.after_log_id) beside?.push(one);
    else runs.push([one]);
  }
  return runs;
}

function rewritten(range: readonly Found[]): Sighted {
  const from = range[0]?.mark.after_log_id ?? "";
  const to = range.at(-1)?.mark.log_id ?? "";
  const count = (of: (one: Found) => number): number => range.reduce((sum, one) => sum + of(one), 0);
  return {
    kind: "log_contradicted",
    subject: logTable,
    sighting: digestOf([from, to, range.map(({ digest }) => digest)]),
    detail: {
      problem: `the lines after ${from} up to ${to} are not what they were when they were marked`,
      after_log_id: from,
      log_id: to,
      marked: { lines: count(({ mark }) => Number(mark.lines)), digest: range.at(-1)?.mark.digest ?? null },
      found: { lines: count(({ lines }) => lines), digest: range.at(-1)?.digest ?? null },
    },
  };
}

function otherBody(line: Line): Sighted {
  const problem = "the body of the version is not the one of its digest";
  return {
    kind: "log_contradicted",
    subject: line.canonical_address || "unknown",
    sighting: digestOf([line.uv_id, problem]),
    detail: { version_id: line.uv_id, log_id: line.log_id, problem },
  };
}
