import type { Tx } from "../../database/index.ts";
import { wake } from "../deliveries/store.ts";
import type { MessageEvent } from "../message.ts";
import type { Attempt } from "../send/send.ts";
import {
  beginAttempt,
  clearStaleLease,
  endAttempt,
  headOfLane,
  type HeadRow,
  noteAnswer,
  noteSilence,
  putBack,
  type Retries,
} from "./store.ts";

/** A delivery that is ours for a while. */
export interface Turn {
  readonly head: HeadRow;
  readonly lease: string;
  /** When the attempt began, by the database's clock. */
  readonly at: Date;
  /** Null where it is no longer in the database. */
  readonly event: MessageEvent | null;
}

/**
 * Takes the first delivery of a lane for as long as an attempt may take: whoever is killed meanwhile loses it then. The rows decide
 * (`webhook_lane_sent_once`); the job that brings somebody here only wakes.
 * @returns undefined where there is nothing to send now. Somebody is woken when there is
 */
export async function takeTurn(tx: Tx, lane: string, leaseMs: number): Promise<Turn | undefined> {
  const head = await headOfLane(tx, lane);
  if (head === undefined || !head.sendable || head.taken) return undefined;
  if (head.wait_until !== null) {
    await wake(tx, [{ lane, webhook: head.webhook_id, at: head.wait_until }]);
    return undefined;
  }
  if (head.stale) await clearStaleLease(tx, lane);
  const begun = await beginAttempt(tx, head, leaseMs);
  return begun && { head, ...begun };
}

/**
 * Puts down how an attempt ended; where there will be another, somebody is woken for it. What waits behind a dead letter goes on.
 * @returns whether the next delivery of the lane has its turn
 */
export async function endTurn(tx: Tx, { head, lease }: Turn, attempt: Attempt, retries: Retries): Promise<boolean> {
  const stands = await endAttempt(tx, head, lease, { ...attempt, last: false }, retries);
  if (attempt.silent) await noteSilence(tx, head.webhook_id);
  else if (head.silent > 0) await noteAnswer(tx, head.webhook_id);
  if (stands === undefined) return false;
  if (stands.status !== "pending") return true;
  await wake(tx, [{ lane: head.lane, webhook: head.webhook_id, at: stands.next_attempt_at }]);
  return false;
}

/** For an event whose month was detached before it could be sent. @returns whether the next delivery of the lane has its turn */
export async function endLost(tx: Tx, { head, lease }: Turn): Promise<boolean> {
  const error = "the event is in a file by now: its month was detached from the database";
  const stands = await endAttempt(
    tx,
    head,
    lease,
    { delivered: false, last: true, status: null, error },
    { attempts: 1, firstSeconds: 1 },
  );
  return stands !== undefined;
}

/** For an attempt that was broken off because the service stops. Another process goes on. */
export async function giveUpTurn(tx: Tx, { head, lease }: Turn): Promise<void> {
  await putBack(tx, head, lease);
  await wake(tx, [{ lane: head.lane, webhook: head.webhook_id }]);
}
