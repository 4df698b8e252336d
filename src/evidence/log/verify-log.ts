import type { Database } from "../../database/index.ts";
import type { LogFault, LogFaultCode } from "./faults.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { firstName, nameOfGeneration } from "./generation.ts";
import { describeStep, followLog, underName } from "./links/follow.ts";
import { logLinks } from "./links/links.ts";
import { type NoteKey, parseNote, signedBy } from "./note.ts";
import { compareHead } from "./restored.ts";
import { checkFile } from "./retained/check.ts";
import { type RetainedRow, retainedParts } from "./retained/store.ts";
import { latestCheckpoint, readHead } from "./store.ts";
import type { ExportFinding, ExportVerdict } from "./verify-export.ts";
import { walkLog } from "./walk.ts";

/** What is claimed of a database's log, and the faults that speak against it. */
const claims: readonly { readonly claim: string; readonly detail: string; readonly codes: readonly LogFaultCode[] }[] =
  [
    {
      claim: "tree",
      detail: "Each tile leads to the root of the head.",
      codes: ["TILE_CONTRADICTED", "TILES_MISSING", "ROOT_CONTRADICTED"],
    },
    {
      claim: "heads",
      detail: "Each head is signed and has the root of its size.",
      codes: ["CHECKPOINT_CONTRADICTED", "HEAD_UNSIGNED"],
    },
    { claim: "list", detail: "Each leaf has its event, in the order of their numbers.", codes: ["LIST_CONTRADICTED"] },
    {
      claim: "events",
      detail: "Each event is what its leaf was made of, or was exported before it was detached.",
      codes: ["EVENT_CONTRADICTED", "EVENT_MISSING", "EVENT_UNLISTED"],
    },
  ];

const bundles = 16;

/**
 * Walks along the whole log in the database: leaves against events, tiles against each other, heads against both (AUDIT-2).
 * @param keys the log's keys as the auditor has them; those that the database names where there are none, which proves less
 * @param earlier signed heads that the auditor has kept
 * @param files of the months that are not in the database any more
 */
export async function verifyLog(
  database: Database,
  keys: readonly NoteKey[],
  earlier: readonly string[] = [],
  files: readonly string[] = [],
): Promise<ExportVerdict> {
  const faults: LogFault[] = [];
  const { known, steps, parts } = await lookAtKeys(database, keys);
  let excused = 0;
  for (let from = 0; ; ) {
    const walked = await walkLog(database, from, bundles, known, excused);
    faults.push(...walked.faults);
    ({ excused } = walked);
    if (walked.next === 0) break;
    from = walked.next;
  }
  const head = await database.transact(latestCheckpoint, { readOnly: true });
  const findings = claims.map(({ claim, detail, codes }): ExportFinding => {
    const against = faults.filter(({ code }) => codes.includes(code));
    const [first] = against;
    if (first === undefined) return { claim, proved: true, detail };
    const more = against.length === 1 ? "" : ` And ${against.length - 1} more.`;
    return { claim, proved: false, detail: `${first.message}${more}` };
  });
  if (keys.length === 0) {
    findings.push({
      claim: "key",
      proved: false,
      detail: "No key of the log was given: the database's own were believed.",
    });
  }
  findings.push(...steps.map((step) => ({ claim: step.kind, proved: true, detail: describeStep(step) })));
  if (parts.length > 0) findings.push(await retainedFinding(database, parts, files, known));
  for (const note of earlier) findings.push(await continuation(database, note, known));
  return { passed: findings.every(({ proved }) => proved), leaves: head?.size ?? 0, findings };
}

/** The keys, and those that they lead to, under each name that the log has had. */
async function lookAtKeys(database: Database, keys: readonly NoteKey[]) {
  return database.transact(
    async (tx) => {
      const [head, parts] = [await readHead(tx), await retainedParts(tx)];
      if (head === undefined || head.size === 0) return { known: keys, steps: [], parts };
      const followed = followLog(keys, await logLinks(tx, head.size));
      const name = firstName(head.origin);
      const names = Array.from({ length: head.generation }, (_, at) => nameOfGeneration(name, at + 1));
      return { known: names.flatMap((one) => underName(followed.keys, one)), steps: followed.steps, parts };
    },
    { readOnly: true },
  );
}

/** Whether the months that are not in the database are in the files that were given. */
async function retainedFinding(
  database: Database,
  parts: readonly RetainedRow[],
  files: readonly string[],
  keys: readonly NoteKey[],
): Promise<ExportFinding> {
  const wrong: string[] = [];
  const left = new Map(parts.map((part) => [part.sha256, part]));
  for (const file of files) {
    try {
      const held = await checkFile(database, file, keys);
      if (!left.delete(held.sha256)) wrong.push(`${file} is the file of no month that is on record`);
    } catch (error) {
      wrong.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const leaves = [...left.values()].reduce((sum, part) => sum + part.leaves, 0);
  if (left.size > 0) wrong.push(`${leaves} leaves are in ${left.size} files that were not looked at`);
  const detail = `The events of ${parts.length} months are in files that were exported before they were detached`;
  return { claim: "retained", proved: wrong.length === 0, detail: `${[detail, ...wrong].join("; ")}.` };
}

async function continuation(database: Database, kept: string, keys: readonly NoteKey[]): Promise<ExportFinding> {
  const note = parseNote(kept);
  const head = parseCheckpoint(note.text);
  const signed = keys.some((key) => {
    try {
      return signedBy(note, key) !== undefined;
    } catch {
      return false;
    }
  });
  const { contradiction } = await compareHead(database, { ...head, where: "kept" });
  const why = contradiction ?? (signed ? "is where it was" : "none of the keys has signed it");
  return {
    claim: "continuation",
    proved: signed && contradiction === null,
    detail: `The head of ${head.size} leaves that was kept from earlier: ${why}.`,
  };
}
