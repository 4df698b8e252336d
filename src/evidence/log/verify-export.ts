import { canonicalJson } from "../../kernel/json.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { entryOf, type SealedEvent } from "./entry.ts";
import { grow } from "./grow.ts";
import { emptyRoot, leafHash, rootOf } from "./merkle.ts";
import { type NoteKey, parseNote, signedBy } from "./note.ts";
import { nodesFrom } from "./tiles.ts";

/** One thing that was looked at. */
export interface ExportFinding {
  readonly claim: string;
  readonly proved: boolean;
  /** Why not, or what it rests on. */
  readonly detail: string;
}

export interface ExportVerdict {
  readonly passed: boolean;
  readonly leaves: number;
  readonly findings: readonly ExportFinding[];
}

export interface ExportOptions {
  /** The log's key as the auditor has it, not as the export names it. */
  readonly keys: readonly NoteKey[];
  /** Witnesses of whom a signature is wanted. */
  readonly witnesses: readonly NoteKey[];
  /** Signed heads that the auditor has kept from earlier. */
  readonly earlier: readonly string[];
}

const batch = 4_096;

/**
 * Works the whole log out again from an export: each leaf from its event, the tree from the leaves, the head from the tree (AUDIT-2).
 * @param lines of `countersign audit export`: the head, then a leaf a line
 */
export async function verifyExport(lines: AsyncIterable<string>, options: ExportOptions): Promise<ExportVerdict> {
  const findings: ExportFinding[] = [];
  const say = (claim: string, proved: boolean, detail: string): void => void findings.push({ claim, proved, detail });
  const tree = new Tree();
  let note: string | undefined;
  let faults = 0;
  for await (const line of lines) {
    if (line === "") continue;
    if (note === undefined) {
      note = (JSON.parse(line) as { note: string }).note;
      continue;
    }
    const { leaf, event } = JSON.parse(line) as { leaf: number; event: SealedEvent };
    if (canonicalJson({ leaf, event }) !== line || leaf !== tree.next || event.seq <= tree.lastSeq) faults += 1;
    await tree.add(event);
  }
  await tree.flush();
  if (note === undefined)
    return { passed: false, leaves: 0, findings: [{ claim: "head", proved: false, detail: "The export is empty." }] };
  const parsed = parseNote(note);
  const head = parseCheckpoint(parsed.text);
  say(
    "order",
    faults === 0,
    faults === 0 ? "Each leaf follows the one before it, in one form." : `${faults} lines are out of order or form.`,
  );
  say("size", tree.size === head.size, `The head names ${head.size} leaves, the export has ${tree.size}.`);
  const root = await tree.root(tree.size);
  say("root", same(root, head.root), "The root worked out from the events against the root that the head names.");
  for (const key of options.keys) say("signature", signs(parsed, key), `By the log's key ${key.name}.`);
  if (options.keys.length === 0) say("signature", false, "No key of the log was given to check it by.");
  for (const key of options.witnesses) say("cosignature", signs(parsed, key), `By the witness ${key.name}.`);
  for (const earlier of options.earlier) {
    const before = parseNote(earlier);
    const { size, root: had, origin } = parseCheckpoint(before.text);
    const continues = origin === head.origin && size <= tree.size && same(await tree.root(size), had);
    const signed = options.keys.some((key) => signs(before, key));
    say("continuation", continues && signed, `The head of ${size} leaves that was kept from earlier.`);
  }
  return { passed: findings.every(({ proved }) => proved), leaves: tree.size, findings };
}

function signs(note: ReturnType<typeof parseNote>, key: NoteKey): boolean {
  try {
    return signedBy(note, key) !== undefined;
  } catch {
    return false;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The tree of an export, in memory: 32 bytes a leaf. */
class Tree {
  readonly #tiles = new Map<string, Uint8Array>();
  #waiting: Uint8Array[] = [];
  size = 0;
  lastSeq = 0;

  get next(): number {
    return this.size + this.#waiting.length;
  }

  async add(event: SealedEvent): Promise<void> {
    this.lastSeq = event.seq;
    this.#waiting.push(leafHash(entryOf(event)));
    if (this.#waiting.length === batch) await this.flush();
  }

  async flush(): Promise<void> {
    const { size, tiles } = await grow((level, index) => this.#tile(level, index), this.size, this.#waiting);
    for (const { level, index, hashes } of tiles) this.#tiles.set(`${level}/${index}`, hashes);
    this.size = size;
    this.#waiting = [];
  }

  async root(size: number): Promise<Uint8Array> {
    return size === 0
      ? emptyRoot
      : rootOf(
          nodesFrom((level, index) => this.#tile(level, index)),
          size,
        );
  }

  async #tile(level: number, index: number): Promise<Uint8Array> {
    return this.#tiles.get(`${level}/${index}`) ?? new Uint8Array();
  }
}
