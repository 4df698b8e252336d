import { canonicalJson } from "../../kernel/json.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { entryOf, type SealedEvent } from "./entry.ts";
import { firstName, mayHaveBeen } from "./generation.ts";
import { grow } from "./grow.ts";
import { describeStep, followLog, type KeyLink, type Step, underName } from "./links/follow.ts";
import { readLink, type WrittenLink } from "./links/written.ts";
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
 * @param exports of `countersign audit export` and `audit retain`: each a head, then a leaf a line; together they hold every leaf
 */
export async function verifyExport(
  exports: AsyncIterable<string> | readonly AsyncIterable<string>[],
  options: ExportOptions,
): Promise<ExportVerdict> {
  const findings: ExportFinding[] = [];
  const say = (claim: string, proved: boolean, detail: string): void => void findings.push({ claim, proved, detail });
  const sources = await openSources("length" in exports ? exports : [exports]);
  const tree = new Tree();
  const { faults, missing } = await readLeaves(sources, tree);
  await tree.flush();
  const notes = sources.flatMap(({ note }) => (note === undefined ? [] : [note]));
  const note = notes.toSorted((one, other) => sizeOf(other) - sizeOf(one))[0];
  if (note === undefined)
    return { passed: false, leaves: 0, findings: [{ claim: "head", proved: false, detail: "The export is empty." }] };
  const parsed = parseNote(note);
  const head = parseCheckpoint(parsed.text);
  const links = sources.flatMap((source) => source.links);
  const { keys, steps } = followLog(options.keys, await ofThisTree(tree, links));
  say(
    "order",
    faults === 0,
    faults === 0 ? "Each leaf follows the one before it, in one form." : `${faults} lines are out of order or form.`,
  );
  const elsewhere = sources.flatMap(({ retained }) => retained);
  say("size", tree.size === head.size && missing === undefined, sizeDetail(tree.size, head.size, missing, elsewhere));
  const root = await tree.root(tree.size);
  say("root", same(root, head.root), "The root worked out from the events against the root that the head names.");
  findings.push(...(await linkFindings(tree, head.origin, options.keys, steps)));
  const known = underName(keys, head.origin);
  const signers = known.filter((key) => signs(parsed, key));
  say(
    "signature",
    signers.length > 0,
    options.keys.length === 0
      ? "No key of the log was given to check it by."
      : `By the log's key ${(signers[0] ?? options.keys[0])?.name}.`,
  );
  for (const key of options.witnesses) say("cosignature", signs(parsed, key), `By the witness ${key.name}.`);
  for (const earlier of [...options.earlier, ...notes.filter((one) => one !== note)]) {
    const before = parseNote(earlier);
    const { size, root: had, origin } = parseCheckpoint(before.text);
    const continues = mayHaveBeen(head.origin, origin) && size <= tree.size && same(await tree.root(size), had);
    const signed = underName(keys, origin).some((key) => signs(before, key));
    const name = origin === head.origin ? "" : `, under the name ${origin}`;
    say("continuation", continues && signed, `The head of ${size} leaves that was kept from earlier${name}.`);
  }
  return { passed: findings.every(({ proved }) => proved), leaves: tree.size, findings };
}

const sizeOf = (note: string): number => parseCheckpoint(parseNote(note).text).size;

/** Links whose head is one of the tree that the leaves make; one of another tree vouches for nothing here. */
async function ofThisTree(tree: Tree, links: readonly KeyLink[]): Promise<KeyLink[]> {
  const found: KeyLink[] = [];
  for (const link of links) {
    const { size, root } = parseCheckpoint(parseNote(link.note).text);
    if (size <= tree.size && same(await tree.root(size), root)) found.push(link);
  }
  return found;
}

/** Which keys and names the log has had since those that were given. */
async function linkFindings(
  tree: Tree,
  origin: string,
  given: readonly NoteKey[],
  steps: readonly Step[],
): Promise<ExportFinding[]> {
  const findings: ExportFinding[] = [];
  for (const [at, step] of steps.entries()) {
    if (steps.findIndex((one) => one.kind === step.kind && one.leaf === step.leaf) !== at) continue;
    const proved =
      step.kind === "key" ||
      (step.old.size <= tree.size && Buffer.from(await tree.root(step.old.size)).toString("base64") === step.old.root);
    findings.push({ claim: step.kind, proved, detail: describeStep(step) });
  }
  const isTold = steps.some((step) => step.kind === "name" && step.origin === origin);
  if (origin !== firstName(origin) && !isTold && !given.some(({ name }) => name === origin)) {
    const detail = `The log is called ${origin}, and nothing here tells since when: export it again once it has grown.`;
    findings.push({ claim: "name", proved: false, detail });
  }
  return findings;
}

/** Leaves that are in none of the files: the first such range. */
interface Gap {
  readonly first: number;
  readonly last: number;
}

function sizeDetail(size: number, named: number, missing: Gap | undefined, elsewhere: readonly Elsewhere[]): string {
  const said = `The head names ${named} leaves, the export has ${size}`;
  const gap = missing ?? (size < named ? { first: size, last: named - 1 } : undefined);
  if (gap === undefined) return `${said}.`;
  const files = elsewhere.filter(({ first_leaf, last_leaf }) => first_leaf <= gap.last && last_leaf >= gap.first);
  const listed = files.map(({ month, file, sha256 }) => `${file} of ${month} (SHA-256 ${sha256})`);
  const where = listed.length === 0 ? "" : `: they are in ${listed.join(", ")}`;
  return `${said}; leaves ${gap.first} to ${gap.last} are in none of the files${where}.`;
}

/** A file of a retained month, as an export names it in place of the leaves that are in it. */
interface Elsewhere {
  readonly month: string;
  readonly file: string;
  readonly sha256: string;
  readonly first_leaf: number;
  readonly last_leaf: number;
}

interface Leaf {
  readonly leaf: number;
  readonly event: SealedEvent;
  readonly line: string;
}

/** An export as it is read: its next leaf, if it has any left. */
interface Source {
  readonly note: string | undefined;
  readonly links: readonly KeyLink[];
  readonly retained: Elsewhere[];
  next: Leaf | undefined;
  advance(): Promise<void>;
}

/** What is on the first line of an export. */
interface Header {
  readonly note?: string;
  readonly links?: readonly WrittenLink[];
}

function openSources(exports: readonly AsyncIterable<string>[]): Promise<Source[]> {
  return Promise.all(
    exports.map(async (lines) => {
      const iterator = lines[Symbol.asyncIterator]();
      const first = await iterator.next();
      const header: Header = first.done === true || first.value === "" ? {} : (JSON.parse(first.value) as Header);
      const source: Source = {
        note: header.note,
        links: (header.links ?? []).map(readLink),
        retained: [],
        next: undefined,
        async advance() {
          source.next = undefined;
          for (;;) {
            const read = await iterator.next();
            if (read.done === true) return;
            const line = read.value;
            if (line === "") continue;
            const { leaf, event, retained } = JSON.parse(line) as Leaf & { retained?: Elsewhere };
            if (retained !== undefined) source.retained.push(retained);
            else {
              source.next = { leaf, event, line };
              return;
            }
          }
        },
      };
      await source.advance();
      return source;
    }),
  );
}

/** The leaves of all exports in their order; one that two exports have must be the same in both. */
async function readLeaves(sources: readonly Source[], tree: Tree): Promise<{ faults: number; missing?: Gap }> {
  let faults = 0;
  let missing: Gap | undefined;
  let last: Leaf | undefined;
  for (;;) {
    const source = leastOf(sources);
    if (source?.next === undefined) return missing === undefined ? { faults } : { faults, missing };
    const { leaf, event, line } = source.next;
    await source.advance();
    if (line === last?.line) continue;
    last = { leaf, event, line };
    if (!follows({ leaf, event, line }, tree)) faults += 1;
    if (leaf > tree.next) missing ??= { first: tree.next, last: leaf - 1 };
    // Behind a gap the tree cannot be worked out; what comes is still looked at.
    if (missing === undefined) await tree.add(event);
  }
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

/** Whether a line is in its one form, and stands behind what is in the tree. */
function follows({ leaf, event, line }: Leaf, tree: Tree): boolean {
  return canonicalJson({ leaf, event }) === line && leaf >= tree.next && event.seq > tree.lastSeq;
}

/** The export whose next leaf is the first of all. */
function leastOf(sources: readonly Source[]): Source | undefined {
  let least: Source | undefined;
  for (const one of sources) {
    if (one.next !== undefined && (least?.next === undefined || one.next.leaf < least.next.leaf)) least = one;
  }
  return least;
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
