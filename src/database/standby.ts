import type { Tx } from "./tx.ts";

/**
 * Makes this transaction's commit wait for the synchronous standby although it changes nothing. What it has read may be on this server
 * alone, after a wait that was cancelled or a crash, and an answer made of it is an acknowledgement (OPEN-7). Only a commit with a
 * transaction id and something in the log waits; all that it has read lies before that in the log. Who locks the row that it answers
 * needs none of it: a row lock has both.
 */
export async function waitForStandby(tx: Tx): Promise<void> {
  await tx.query("SELECT pg_logical_emit_message(true, 'countersign', 'read')");
}
