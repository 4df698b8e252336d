import type { Database } from "../../database/index.ts";
import type { LogFault, LogFaultCode } from "./faults.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { type NoteKey, parseNote, signedBy } from "./note.ts";
import { compareHead } from "./restored.ts";
import { latestCheckpoint } from "./store.ts";
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
 */
export async function verifyLog(
  database: Database,
  keys: readonly NoteKey[],
  earlier: readonly string[] = [],
): Promise<ExportVerdict> {
  const faults: LogFault[] = [];
  for (let from = 0; ; ) {
    const walked = await walkLog(database, from, bundles, keys);
    faults.push(...walked.faults);
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
  for (const note of earlier) findings.push(await continuation(database, note, keys));
  return { passed: findings.every(({ proved }) => proved), leaves: head?.size ?? 0, findings };
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
