import type { Tx } from "../../database/index.ts";

/** A statement as graphile-worker asks for it. */
export interface Asked {
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Runs a statement of the library. It names some to be prepared; a pooler would not know them, so the name is left out. */
export function runStatement(
  tx: Tx,
  asked: string | Asked,
  values?: readonly unknown[],
): Promise<{ rows: Record<string, unknown>[]; rowCount: number }> {
  return typeof asked === "string" ? tx.query(asked, values ?? []) : tx.query(asked.text, asked.values ?? []);
}
