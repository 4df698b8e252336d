import type { Readable } from "node:stream";
import type pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { connectionOf, type Tx } from "./tx.ts";

/**
 * Streams what a query selects in the text form of COPY, inside the transaction (PLAN-5).
 * @param query a SELECT of ours; nothing of it may come from outside
 */
export async function copyOut(tx: Tx, query: string): Promise<Readable> {
  // Nothing may be in flight, and the transaction must have begun: a COPY is answered out of turn.
  await tx.query("SELECT 1");
  const client = connectionOf(tx) as pg.PoolClient & { pipeline: boolean };
  const { pipeline } = client;
  // A stream answers in its own time: until it is over, the connection takes one thing at a time.
  client.pipeline = false;
  const stream = client.query(copyTo(`COPY (${query}) TO STDOUT`));
  stream.once("close", () => {
    client.pipeline = pipeline;
  });
  return stream;
}
