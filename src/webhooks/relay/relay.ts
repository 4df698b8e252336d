import type { Database, Tx } from "../../database/index.ts";
import { isFinal, isForeign, lastNumber } from "../../evidence/index.ts";
import { wake } from "../deliveries/store.ts";
import { lockBehind, lockHorizon, relayNext, setFinal, setHorizon } from "./store.ts";

/** Events looked through in one transaction. */
const batch = 500;
/** Batches for one webhook before the others have their turn. */
const turns = 8;

/**
 * Makes deliveries of the events whose order is final, for each webhook from where it was left (at least once, in order). Any number of
 * processes may do it at once: a webhook is moved on by one of them at a time, its deliveries, their jobs and its cursor in one transaction.
 * @param stopped is asked between two transactions
 * @returns whether a further look may soon find more
 */
export async function relay(database: Database, stopped: () => boolean): Promise<boolean> {
  const waits = await database.transact(moveHorizon);
  const done: string[] = [];
  let more = false;
  while (!stopped()) {
    const moved = await moveOn(database, done, stopped);
    if (moved === undefined) break;
    done.push(moved.id);
    more ||= moved.more;
  }
  return more || waits;
}

/**
 * As the sealer of the log does it, with a horizon of its own (docs/explanation/log.md): a number is final once every transaction is over
 * that may have drawn it or one below it, and nobody waits for that.
 * @returns whether a further look may soon find more
 */
async function moveHorizon(tx: Tx): Promise<boolean> {
  const drawn = await lastNumber(tx);
  if (!drawn.before_id) throw new Error("the last number has to be read before anything is locked or written");
  const row = await lockHorizon(tx);
  if (row === undefined) return false;
  // Another process may have got further before the row was locked.
  const last = drawn.last > BigInt(row.horizon_seq) ? String(drawn.last) : row.horizon_seq;
  if (row.horizon_seq !== row.final_seq) {
    if (!(await isFinal(tx, row.horizon_xid))) {
      // Whoever drew those numbers on another server is gone; what has been drawn here since is waited for.
      if (await isForeign(tx, row.horizon_xid)) await setHorizon(tx, last);
      return false;
    }
    await setFinal(tx, row.horizon_seq);
  }
  if (last === row.horizon_seq) return false;
  await setHorizon(tx, last);
  return true;
}

/** Moves one webhook on. @returns undefined where none is behind but those that others move, and those that were moved before */
async function moveOn(
  database: Database,
  done: readonly string[],
  stopped: () => boolean,
): Promise<{ readonly id: string; readonly more: boolean } | undefined> {
  let id: string | undefined;
  for (let turn = 0; turn < turns && !stopped(); turn += 1) {
    const moved = await database.transact((tx) => relayOnce(tx, done));
    if (moved === undefined) break;
    if (!moved.more) return moved;
    ({ id } = moved);
  }
  return id === undefined ? undefined : { id, more: true };
}

/** One batch for the webhook that is behind most. */
export async function relayOnce(
  tx: Tx,
  except: readonly string[],
): Promise<{ readonly id: string; readonly more: boolean } | undefined> {
  const row = await lockBehind(tx, except);
  if (row === undefined) return undefined;
  const { lanes, more } = await relayNext(tx, row, batch);
  await wake(
    tx,
    lanes.map((lane) => ({ lane, webhook: row.id })),
    true,
  );
  return { id: row.id, more };
}
