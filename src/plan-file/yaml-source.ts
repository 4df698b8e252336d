import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
  visit,
  type YAMLMap,
} from "yaml";
import { escapeToken } from "../kernel/json-scan.ts";

/** Where in the file something is wrong. */
export interface PlanFault {
  /** RFC 6901, into the plan. */
  readonly pointer: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly detail: string;
}

/** A place as the checks name it, before it is looked up in the file. */
export interface Finding {
  readonly pointer: string;
  readonly detail: string;
  /** The member's name is what is wrong, not its value. */
  readonly atKey?: boolean;
  /** Index into the string there. */
  readonly offset?: number;
}

const maxBytes = 1_048_576;
/** Faults of the YAML beyond this are not looked for. */
const enough = 100;

/** A YAML text of one document, made of what JSON has as well: no anchors, aliases, tags, directives or merge keys. */
export class YamlSource {
  readonly #source: string;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed | undefined;
  readonly #found: PlanFault[] = [];

  constructor(source: string) {
    this.#source = source;
    this.#document = this.#read();
  }

  /** What keeps the text from being read; empty where {@link value} may be asked for. */
  get faults(): readonly PlanFault[] {
    return this.#found;
  }

  get value(): unknown {
    const value: unknown = this.#document?.toJS({ maxAliasCount: 0 });
    return value;
  }

  /** Adds line and column: of the innermost node that is there. */
  locate({ pointer, detail, atKey = false, offset }: Finding): PlanFault {
    const { node, key } = this.#nodeAt(pointer);
    if (node !== undefined && offset !== undefined && isScalar(node))
      return this.#inside(node, pointer, detail, offset);
    const place = (atKey ? key : node) ?? node ?? this.#document?.contents;
    return this.#fault(place?.range?.[0] ?? 0, detail, pointer);
  }

  #read(): Document.Parsed | undefined {
    const oversize = sizeFault(this.#source);
    if (oversize !== undefined) {
      this.#fault(oversize.offset, oversize.detail, "", this.#found);
      return undefined;
    }
    const documents = parsed(this.#source, this.#lines);
    if (typeof documents === "string") {
      this.#fault(0, documents, "", this.#found);
      return undefined;
    }
    const [document, second] = documents;
    for (const { errors, warnings } of documents) {
      for (const { pos, message } of [...errors, ...warnings].slice(0, enough))
        this.#fault(pos[0], wording(message), "", this.#found);
    }
    if (second !== undefined) this.#fault(second.range[0], "A plan file is one YAML document.", "", this.#found);
    if (document === undefined) this.#fault(0, "The file is empty.", "", this.#found);
    else this.#refuseExtras(document);
    return document;
  }

  #refuseExtras(document: Document.Parsed): void {
    const { yaml, tags } = document.directives;
    if (yaml.explicit === true || Object.keys(tags).length > 1)
      this.#fault(0, "Directives (%YAML, %TAG) are refused: YAML 1.2 is read.", "", this.#found);
    visit(document, {
      Node: (_key, node, path) => {
        if (this.#found.length >= enough) return visit.BREAK;
        const way = [...path, node];
        const detail = extraOf(node);
        if (detail !== undefined) this.#fault(node.range?.[0] ?? 0, detail, pointerOf(way), this.#found);
        if (isMap(node)) this.#refuseKeys(node, way);
      },
    });
  }

  #refuseKeys(map: YAMLMap, way: readonly unknown[]): void {
    const names = new Set<unknown>();
    for (const { key } of map.items) {
      // Looked for here: the parser would compare each key of a map with each other.
      const detail = keyFault(key) ?? (isScalar(key) && names.has(key.value) ? twice : undefined);
      if (isScalar(key)) names.add(key.value);
      if (detail !== undefined && isNode(key) && this.#found.length < enough)
        this.#fault(key.range?.[0] ?? 0, detail, pointerOf(way), this.#found);
    }
  }

  #nodeAt(pointer: string): { node?: Node; key?: Node } {
    let node: unknown = this.#document?.contents;
    let key: unknown;
    for (const token of pointer.split("/").slice(1)) {
      const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
      let inner: unknown;
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && item.key.value === name);
        if (pair === undefined) break;
        key = pair.key;
        inner = pair.value ?? pair.key;
      } else if (isSeq(node)) inner = node.items[Number(name)];
      if (inner === undefined) break;
      node = inner;
    }
    return { ...(isNode(node) && { node }), ...(isNode(key) && { key }) };
  }

  /** A place in a string: exact in a literal block, and where the string stands in the file as it is. */
  #inside(node: Scalar, pointer: string, detail: string, offset: number): PlanFault {
    const start = node.range?.[0] ?? 0;
    const value = String(node.value);
    const before = value.slice(0, offset).split("\n");
    if (node.type === "BLOCK_LITERAL") {
      const line = this.#lines.linePos(start).line + before.length;
      const from = this.#lines.lineStarts[line - 1] ?? 0;
      const [written = ""] = this.#source.slice(from).split(/\r?\n/, 1);
      const indent = written.length - (value.split("\n")[before.length - 1] ?? "").length;
      return { pointer, line, column: Math.max(indent, 0) + (before.at(-1)?.length ?? 0) + 1, detail };
    }
    const quote = node.type === "PLAIN" ? 0 : 1;
    const asWritten = this.#source.startsWith(value.slice(0, offset), start + quote);
    return this.#fault(asWritten ? start + quote + offset : start, detail, pointer);
  }

  #fault(offset: number, detail: string, pointer: string, into?: PlanFault[]): PlanFault {
    const { line, col } = this.#lines.linePos(offset);
    const fault = { pointer, line: Math.max(line, 1), column: Math.max(col, 1), detail };
    into?.push(fault);
    return fault;
  }
}

/** The text is read before anybody is known to have written it in good faith: depth and size are bounded. */
function parsed(source: string, lineCounter: LineCounter): Document.Parsed[] | string {
  try {
    const options = { lineCounter, version: "1.2", schema: "core", merge: false, prettyErrors: false } as const;
    const documents = parseAllDocuments(source, { ...options, strict: true, uniqueKeys: false, logLevel: "silent" });
    return Array.isArray(documents) ? [...documents] : [];
  } catch (error) {
    if (error instanceof RangeError) return "The file is nested too deeply.";
    throw error;
  }
}

function sizeFault(source: string): { offset: number; detail: string } | undefined {
  if (Buffer.byteLength(source) > maxBytes) return { offset: 0, detail: "The file is larger than 1 MiB." };
  if (!source.isWellFormed()) return { offset: 0, detail: "The file is not well-formed Unicode." };
  // Bounded before it is parsed: the parser calls itself for each level.
  let depth = 0;
  for (let at = 0; at < source.length; at += 1) {
    const character = source[at];
    if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth = Math.max(depth - 1, 0);
  }
  return depth > 10_000 ? { offset: 0, detail: "The file is nested too deeply." } : undefined;
}

function wording(message: string): string {
  return `The YAML cannot be read: ${message.replace(/\s+at line \d+, column \d+:?[\s\S]*$/, "")}.`.replace("..", ".");
}

function extraOf(node: Node): string | undefined {
  if (isAlias(node)) return `Aliases are refused: write out what *${node.source} stands for.`;
  if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined)
    return `Anchors are refused: &${node.anchor} is one.`;
  if (node.tag !== undefined) return "Tags are refused.";
  return isScalar(node) ? valueFault(node) : undefined;
}

function valueFault({ value }: Scalar): string | undefined {
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return "This is not a number that JSON has.";
    if (Number.isInteger(value) && !Number.isSafeInteger(value))
      return "This number is too large to be read exactly: write it as a string.";
  }
  if (typeof value === "string" && (value.includes("\0") || !value.isWellFormed()))
    return "U+0000 and halves of surrogate pairs cannot be stored.";
  return undefined;
}

const twice = "This key stands here a second time.";

function keyFault(key: unknown): string | undefined {
  if (isScalar(key) && key.value === "<<") return "Merge keys are refused: write out what they stand for.";
  if (isScalar(key) && typeof key.value === "string") return undefined;
  return "A key must be a string.";
}

/** RFC 6901, from the nodes that lead to one. */
function pointerOf(path: readonly unknown[]): string {
  let pointer = "";
  for (const [at, step] of path.entries()) {
    const next = path[at + 1];
    if (isPair(step) && isScalar(step.key)) pointer += `/${escapeToken(String(step.key.value))}`;
    else if (isSeq(step) && next !== undefined) pointer += `/${step.items.indexOf(next)}`;
  }
  return pointer;
}
