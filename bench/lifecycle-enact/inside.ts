import pg from "pg";
import { type Call, enact } from "./calls.ts";

/** One statement that a call has run: within the function, in a trigger, or as the check of a foreign key. */
export interface Statement {
  readonly query: string;
  /** Each node that reads a relation, as `Index Scan information_unit information_unit_pkey`. */
  readonly reads: readonly string[];
  /** Those of them that read the whole of a table that grows. */
  readonly whole: readonly string[];
}

interface Node {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly Plans?: readonly Node[];
}

/** Tables that grow with the number of units. What else is read has a fixed, small number of rows. */
const growing = ["information_unit", "unit_version", "birth_registry", "iu_lifecycle_log"];

/**
 * The plans of every statement inside one call, by auto_explain, whose notes come to this connection. Rolled back.
 * @param superUrl loading auto_explain takes a superuser
 * @param login as whom the call is made
 */
export async function statementsInside(superUrl: string, login: string, call: Call): Promise<Statement[]> {
  const client = new pg.Client({ connectionString: superUrl });
  const found: Statement[] = [];
  client.on("notice", ({ message = "" }) => {
    const [, json] = /^duration: \S+ ms {2}plan:\n(\{.*\})$/s.exec(message) ?? [];
    if (json === undefined) return;
    const read = JSON.parse(json) as { "Query Text": string; Plan: Node };
    const nodes = readersIn(read.Plan);
    found.push({
      query: read["Query Text"].replaceAll(/\s+/g, " ").trim(),
      reads: nodes.map(nameOf),
      whole: nodes.filter(readsAll).map(nameOf),
    });
  });
  await client.connect();
  try {
    await client.query(`LOAD 'auto_explain';
      SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on; SET auto_explain.log_analyze = on;
      SET auto_explain.log_triggers = on; SET auto_explain.log_format = json; SET auto_explain.log_level = notice;
      SET SESSION AUTHORIZATION ${pg.escapeIdentifier(login)}`);
    await client.query("BEGIN");
    // The sixth time, each statement may have the plan that it keeps.
    for (let time = 1; time <= 6; time += 1) {
      await client.query("SAVEPOINT one");
      found.length = 0;
      await enact(client, call);
      await client.query("SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK TO one");
    }
    await client.query("ROLLBACK");
  } finally {
    await client.end();
  }
  return found.filter(({ reads }) => reads.length > 0);
}

function readersIn(node: Node): Node[] {
  const reads = (node["Relation Name"] ?? node["Index Name"]) !== undefined && node["Node Type"] !== "ModifyTable";
  return [...(reads ? [node] : []), ...(node.Plans ?? []).flatMap(readersIn)];
}

function nameOf(node: Node): string {
  const { "Node Type": type, "Relation Name": relation, "Index Name": index } = node;
  return [type, relation, index].filter(Boolean).join(" ");
}

/** A sequential scan, or an index from its one end to the other. A bitmap's own index is a node below it. */
function readsAll(node: Node): boolean {
  const { "Node Type": type, "Relation Name": relation = "" } = node;
  if (!growing.includes(relation) || type === "Bitmap Heap Scan") return false;
  return !type.startsWith("Index") || node["Index Cond"] === undefined;
}
