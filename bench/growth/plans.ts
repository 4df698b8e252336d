import { open } from "node:fs/promises";
import { onceAs } from "../grants/place.ts";
import { growing } from "./history.ts";
import type { Place } from "./place.ts";

/** A statement as PostgreSQL has carried it out, once. */
export interface Executed {
  readonly text: string;
  /** Pages that it touched, whether they were in memory or not; those of its triggers among them. */
  readonly pages: number;
  readonly rows: number;
  /** Fired by a trigger of another one, whose pages have its own already. */
  readonly nested: boolean;
  /** How it came to the rows of each growing table. */
  readonly ways: readonly Way[];
}

export interface Way {
  readonly relation: string;
  /** The kind of the node, and its index if it has one. */
  readonly how: string;
  readonly whole: boolean;
}

const settings: Readonly<Record<string, string>> = {
  session_preload_libraries: "auto_explain",
  "auto_explain.log_min_duration": "0",
  "auto_explain.log_analyze": "on",
  "auto_explain.log_buffers": "on",
  "auto_explain.log_timing": "off",
  "auto_explain.log_format": "json",
  "auto_explain.log_nested_statements": "on",
  "auto_explain.log_parameter_max_length": "0",
};

/** Has every later session of the service tell the server's log the plan of each statement, as it was carried out. */
export async function tellPlans({ superUrl, name }: Place): Promise<void> {
  for (const [setting, value] of Object.entries(settings)) {
    await onceAs(superUrl, `ALTER ROLE countersign_app IN DATABASE ${name} SET ${setting} = '${value}'`);
  }
}

export async function stopTelling({ superUrl, name }: Place): Promise<void> {
  await onceAs(superUrl, `ALTER ROLE countersign_app IN DATABASE ${name} RESET ALL`);
}

/** The server's log, read from where it was left. */
export class Log {
  readonly #file: string;
  #offset = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** What was written since the last time. */
  async read(): Promise<string> {
    const handle = await open(this.#file);
    try {
      const { size } = await handle.stat();
      const buffer = Buffer.alloc(size - this.#offset);
      await handle.read(buffer, 0, buffer.length, this.#offset);
      this.#offset = size;
      return buffer.toString("utf8");
    } finally {
      await handle.close();
    }
  }
}

/** The plans that the log tells of: each begins a message, and goes on in the lines that are set in by a tab. */
export function plansIn(log: string): Executed[] {
  const lines = log.split("\n");
  const found: Executed[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    if (!/ LOG: {2}duration: [\d.]+ ms {2}plan:$/.test(lines[at] ?? "")) continue;
    const json: string[] = [];
    for (at += 1; lines[at]?.startsWith("\t") === true; at += 1) json.push(lines[at] ?? "");
    const nested = / CONTEXT: {2}/.test(lines[at] ?? "");
    at -= 1;
    found.push(executed(JSON.parse(json.join("\n")) as Explained, nested));
  }
  return found;
}

interface Explained {
  readonly "Query Text": string;
  readonly Plan: PlanNode;
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly "Shared Hit Blocks": number;
  readonly "Shared Read Blocks": number;
  readonly "Actual Rows": number;
  readonly Plans?: readonly PlanNode[];
}

function executed({ "Query Text": text, Plan }: Explained, nested: boolean): Executed {
  const pages = Plan["Shared Hit Blocks"] + Plan["Shared Read Blocks"];
  const ways = waysOf(Plan).filter(({ relation }) => (growing as readonly string[]).includes(relation));
  return { text: text.replaceAll(/\s+/g, " ").trim(), pages, rows: Plan["Actual Rows"], nested, ways };
}

function waysOf(node: PlanNode): Way[] {
  const relation = node["Relation Name"];
  const own: Way[] = [];
  if (relation !== undefined && node["Node Type"].endsWith("Scan")) {
    const index = node["Index Name"];
    const how = index === undefined ? node["Node Type"] : `${node["Node Type"]} of ${index}`;
    own.push({ relation, how, whole: node["Node Type"] === "Seq Scan" });
  }
  return [...own, ...(node.Plans ?? []).flatMap(waysOf)];
}

/** How often each growing table was read from end to end so far, whoever did: also what no plan was told of. */
export async function wholeReads({ superUrl }: Place): Promise<ReadonlyMap<string, number>> {
  const rows = await onceAs<{ relname: string; seq_scan: string }>(
    superUrl,
    "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname = ANY ($1)",
    [growing],
  );
  return new Map(rows.map(({ relname, seq_scan }) => [relname, Number(seq_scan)]));
}
