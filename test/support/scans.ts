import type { Tx } from "../../src/database/index.ts";

interface Node {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly Node[];
}

/** How a plan came to the rows of a table. */
export interface Scan {
  readonly relation: string;
  readonly how: string;
  /** Rows that it went through, also those that it then left out. */
  readonly rows: number;
}

function scansOf(node: Node): Scan[] {
  const relation = node["Relation Name"];
  const rows = (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"];
  const how = `${node["Node Type"]} ${node["Index Name"] ?? ""}`;
  return [...(relation === undefined ? [] : [{ relation, how, rows }]), ...(node.Plans ?? []).flatMap(scansOf)];
}

/** Carries what `work` asks out as it is, and each statement once more under EXPLAIN. @returns every scan of a table */
export async function scansOfStatements(tx: Tx, work: (tx: Tx) => Promise<unknown>): Promise<Scan[]> {
  const plans: { readonly Plan: Node }[] = [];
  const query = async (text: string, values?: unknown[]) => {
    const { rows } = await tx.query<{ "QUERY PLAN": readonly { Plan: Node }[] }>(
      `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`,
      values,
    );
    plans.push(...(rows[0]?.["QUERY PLAN"] ?? []));
    return tx.query(text, values);
  };
  await work({ ...tx, query } as unknown as Tx);
  return plans.flatMap(({ Plan }) => scansOf(Plan));
}
