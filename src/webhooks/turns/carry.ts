import { Webhook } from "standardwebhooks";
import { type Database, isUniqueViolation, type Tx } from "../../database/index.ts";
import type { ServerKeys } from "../../kernel/server-keys.ts";
import { wake } from "../deliveries/store.ts";
import { messageId, messageOf } from "../message.ts";
import { openSecrets } from "../secrets.ts";
import type { Attempt, Message, Send } from "../send/send.ts";
import type { Retries } from "./store.ts";
import { endLost, endTurn, giveUpTurn, takeTurn, type Turn } from "./turn.ts";

export interface CarryOptions {
  readonly database: Database;
  readonly keys: ServerKeys;
  readonly send: Send;
  /** How long an attempt may take in all. */
  readonly timeoutMs: number;
  readonly retries: Retries;
}

/** Beyond what an attempt takes: for the two transactions around it. */
const leaseSpareMs = 15_000;
/** After so long others have their turn with the worker. */
const patienceMs = 15_000;

/**
 * Sends what waits in a lane, one delivery after the other, until nothing is due there or one fails. No transaction is open while it waits
 * for a receiver.
 */
export async function carryLane(lane: string, options: CarryOptions, stop: AbortSignal): Promise<void> {
  const since = performance.now();
  const { database } = options;
  const next = (tx: Tx): Promise<Turn | undefined> => takeTurn(tx, lane, options.timeoutMs + leaseSpareMs);
  let turn = await unlessTaken(() => database.transact(next));
  while (turn !== undefined) {
    const now: Turn = turn;
    const attempt = now.event === null ? null : await attemptOf(now, now.event, options, stop);
    if (stop.aborted && attempt?.status === null) {
      await database.transact((tx) => giveUpTurn(tx, now));
      return;
    }
    const goOn = !stop.aborted && performance.now() - since < patienceMs;
    // The end of one and the beginning of the next are one transaction.
    turn = await database.transact(async (tx) => {
      const ended = attempt === null ? await endLost(tx, now) : await endTurn(tx, now, attempt, options.retries);
      if (ended && goOn) return next(tx);
      if (ended) await wake(tx, [{ lane, webhook: now.head.webhook_id }]);
      return undefined;
    });
  }
}

async function unlessTaken(take: () => Promise<Turn | undefined>): Promise<Turn | undefined> {
  try {
    return await take();
  } catch (error) {
    if (isUniqueViolation(error, "webhook_lane_sent_once")) return undefined;
    throw error;
  }
}

async function attemptOf(
  turn: Turn,
  event: NonNullable<Turn["event"]>,
  { keys, send }: CarryOptions,
  stop: AbortSignal,
): Promise<Attempt> {
  let message: Message;
  try {
    message = signed(turn, event, keys);
  } catch {
    const error = "the secret is under a key that SERVER_KEYS does not have";
    return { delivered: false, status: null, error, silent: false };
  }
  return send(message, stop);
}

/** The webhook that a lane belongs to. */
export function webhookOf(lane: string): string {
  return lane.split(":")[1] ?? "";
}

/** By Standard Webhooks, with each secret that is in force. */
function signed({ head, at }: Turn, event: NonNullable<Turn["event"]>, keys: ServerKeys): Message {
  const id = messageId(head.webhook_id, head.event_seq);
  const body = messageOf(event);
  const signatures = openSecrets(keys, { ...head, id: head.webhook_id }).map((secret) =>
    new Webhook(secret).sign(id, at, body),
  );
  return {
    url: head.url,
    body,
    headers: {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
      "webhook-signature": signatures.join(" "),
    },
  };
}
