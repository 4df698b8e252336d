import type { Readable } from "node:stream";
import { to as copyTo } from "pg-copy-streams";
import { connectionOf, type Tx } from "./transaction.ts";

/**
 * Streams what a query selects in the text form of COPY, inside the transaction (PLAN-5).
 * @param query a SELECT of ours; nothing of it may come from outside
 */
export function copyOut(tx: Tx, query: string): Readable {
  return connectionOf(tx).query(copyTo(`COPY (${query}) TO STDOUT`));
}
