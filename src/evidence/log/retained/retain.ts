import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Database, isDatabaseError, violatedConstraint } from "../../../database/index.ts";
import type { Caller } from "../../../kernel/caller.ts";
import { canonicalJson } from "../../../kernel/json.ts";
import { ServiceProblem } from "../../../kernel/problems.ts";
import { appendEvent } from "../../append.ts";
import { type Cosigners, cosignedHead } from "../cosigned.ts";
import { followKeys, underName } from "../links/follow.ts";
import { logLinks } from "../links/links.ts";
import { keepLink } from "../links/store.ts";
import { type NoteKey, parseVerifierKey } from "../note.ts";
import { type CheckpointRow, logKeys, readHead } from "../store.ts";
import { checkFile } from "./check.ts";
import { RetentionProblem } from "./errors.ts";
import { digestOfFile, isOurs, writeWhole } from "./file.ts";
import {
  detachPartition,
  dropPartition,
  eventsOfPartition,
  leavesOf,
  type PartitionRow,
  partitionsBefore,
  type RetainedInsert,
  type RetainedRow,
  retainedParts,
} from "./store.ts";
import { monthRetained } from "./vouched.ts";

/** Where a retention may be ended by a crash; a test ends it there. */
export const retentionSteps = ["written", "checked", "detached", "dropped"] as const;
export type RetentionStep = (typeof retentionSteps)[number];

export interface RetainOptions {
  /** `YYYY-MM`: months that lie before it are exported. */
  readonly before: string;
  /** A directory that is there; it gets a file for each month. */
  readonly directory: string;
  /** Whether the detached tables are dropped as well. */
  readonly drop: boolean;
  /** Keys of the log as the operator has kept them; those that the database names if there are none. */
  readonly keys: readonly NoteKey[];
  /** Who must have signed the head that is exported under. */
  readonly cosigners: Cosigners;
  readonly reached?: (step: RetentionStep, partition: string) => Promise<void>;
}

export interface Retained {
  /** What was exported and detached now. */
  readonly retained: readonly RetainedInsert[];
  /** Tables that were dropped now. */
  readonly dropped: readonly string[];
  /** All that is on record. */
  readonly parts: readonly RetainedRow[];
}

const batch = 1_000;
/** Each holds up all transitions for the third of a second at most; in between they go on. */
const detachTries = 20;
const betweenTriesMs = 2_000;
const monthForm = /^\d{4}-(?:0[1-9]|1[0-2])$/;

/**
 * Exports each month that lies wholly before, reads the file back and checks it against the signed log, puts it on record, and only then
 * detaches the month (AUDIT-2). It may be ended at any moment: running it again finishes.
 * @param owner the control database, as the owner of its tables
 * @throws RetentionProblem; nothing of the month at hand was detached then
 */
export async function retainMonths(owner: Database, caller: Caller, options: RetainOptions): Promise<Retained> {
  const { before, drop } = options;
  if (!monthForm.test(before)) throw new RetentionProblem("MONTH_NOT_OVER", `${before} is no month: say YYYY-MM.`);
  const reached = options.reached ?? (() => Promise.resolve());
  const retained: RetainedInsert[] = [];
  for (const partition of await owner.transact((tx) => partitionsBefore(tx, before), { readOnly: true })) {
    retained.push(await retainOne(owner, caller, partition, { ...options, reached }));
    await reached("detached", partition.partition);
  }
  const parts = await owner.transact(retainedParts, { readOnly: true });
  const dropped: string[] = [];
  for (const part of drop ? parts.filter(({ kept, month }) => kept && month < before) : []) {
    if (await dropOne(owner, caller, part)) dropped.push(part.partition);
    await reached("dropped", part.partition);
  }
  return { retained, dropped, parts: await owner.transact(retainedParts, { readOnly: true }) };
}

async function retainOne(
  owner: Database,
  caller: Caller,
  partition: PartitionRow,
  options: RetainOptions & Required<Pick<RetainOptions, "reached">>,
): Promise<RetainedInsert> {
  const { origin, head, keys } = await signedHead(owner, options);
  // Named after the head, so that two who do this at once write the same bytes, or two files.
  const file = path.resolve(options.directory, `${partition.partition}.${head.size}.jsonl`);
  if (!(await isOurs(file, origin, partition.month))) {
    throw new RetentionProblem("FILE_IN_THE_WAY", `${file} is not an export of ${partition.month} of this log.`);
  }
  await writeWhole(file, linesOfMonth(owner, partition, origin, head));
  await options.reached("written", partition.partition);
  const held = await checkFile(owner, file, keys);
  await options.reached("checked", partition.partition);
  const row: RetainedInsert = {
    partition: partition.partition,
    month: partition.month,
    ...held,
    file,
    checkpoint_size: head.size,
    until: partition.until,
    retained_by: caller.principal,
  };
  if ((await digestOfFile(file)) !== row.sha256) throw new RetentionProblem("FILE_LOST", `${file} has changed.`);
  await detach(owner, caller, row);
  return row;
}

/** Puts it on record and detaches it; while somebody reads the events, it is tried again for a while. */
async function detach(owner: Database, caller: Caller, row: RetainedInsert): Promise<void> {
  const once = (): Promise<void> =>
    owner.transact(async (tx) => {
      await detachPartition(tx, row);
      await appendEvent(tx, caller, {
        action: monthRetained,
        resourceType: "audit_month",
        resourceId: row.partition,
        after: { ...row },
      });
      await keepLink(tx, { type: "audit_month", id: row.partition });
    });
  for (let left = detachTries; ; left -= 1) {
    try {
      return await once();
    } catch (error) {
      const isBusy = error instanceof ServiceProblem && error.code === "OVERLOADED";
      if (!isBusy || left === 1) throw refusal(error, row) ?? error;
      await pause(betweenTriesMs);
    }
  }
}

/** What the database refuses under its lock, in words. */
function refusal(error: unknown, { month }: RetainedInsert) {
  const constraint = isDatabaseError(error) ? violatedConstraint(error) : undefined;
  const options = { cause: error };
  if (constraint === "retained_already") {
    return new RetentionProblem("FILE_IN_THE_WAY", `Somebody else has just exported ${month}.`, options);
  }
  if (constraint === "month_over") return new RetentionProblem("MONTH_NOT_OVER", `${month} is not over.`, options);
  if (constraint === "sealed_first" || constraint === "exported_whole") {
    return new RetentionProblem("NOT_SEALED", `Events of ${month} came in that are not in the signed log.`, options);
  }
  return undefined;
}

async function signedHead(owner: Database, options: RetainOptions) {
  return owner.transact(
    async (tx) => {
      const [log, head] = [await readHead(tx), await cosignedHead(tx, options.cosigners)];
      if (log === undefined || head === undefined) {
        throw new RetentionProblem(
          "NOT_SEALED",
          "There is no signed head of the log with the signatures that are wanted.",
        );
      }
      const known = options.keys.length > 0 ? followKeys(options.keys, await logLinks(tx, head.size)) : undefined;
      const keys = known === undefined ? (await logKeys(tx)).map(parseVerifierKey) : underName(known, log.origin);
      return { origin: log.origin, head, keys };
    },
    { readOnly: true },
  );
}

/** The head, then a leaf a line, as in an export of the whole log. @throws RetentionProblem NOT_SEALED */
async function* linesOfMonth(
  owner: Database,
  partition: PartitionRow,
  origin: string,
  head: CheckpointRow,
): AsyncGenerator<string> {
  const { size, note } = head;
  yield canonicalJson({ format: "countersign-log/1", origin, size, note, month: partition.month });
  for (let after = -1; ; ) {
    const page = await owner.transact(
      async (tx) => {
        const events = await eventsOfPartition(tx, partition, after, batch);
        return {
          events,
          leaves: await leavesOf(
            tx,
            events.map(({ seq }) => seq),
          ),
        };
      },
      { readOnly: true },
    );
    for (const event of page.events) {
      const leaf = page.leaves.get(event.seq);
      if (leaf === undefined || leaf >= size) {
        const why = `Event ${event.seq} of ${partition.month} is not in the signed head of ${size} leaves.`;
        throw new RetentionProblem("NOT_SEALED", why);
      }
      yield canonicalJson({ leaf, event });
    }
    const last = page.events.at(-1);
    if (last === undefined) return;
    after = last.seq;
  }
}

async function dropOne(owner: Database, caller: Caller, part: RetainedRow): Promise<boolean> {
  if ((await digestOfFile(part.file)) !== part.sha256) {
    throw new RetentionProblem("FILE_LOST", `${part.file} is not the file with SHA-256 ${part.sha256}.`);
  }
  return owner.transact(async (tx) => {
    const dropped = await dropPartition(tx, part.partition, part.sha256);
    if (dropped) {
      await appendEvent(tx, caller, {
        action: "audit_month.dropped",
        resourceType: "audit_month",
        resourceId: part.partition,
        after: { file: part.file, sha256: part.sha256 },
      });
    }
    return dropped;
  });
}
