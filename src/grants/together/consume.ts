import type { Database, Tx } from "../../database/index.ts";
import { type AuditRecord, appendEventsOf } from "../../evidence/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { Problem } from "../../kernel/problem.ts";
import { asked, refusal } from "../bindings.ts";
import { isOwnRoot, receiptOf } from "../consume.ts";
import { judgeNamed } from "../predicate.ts";
import { rehearsalRefOf } from "../rehearsal.ts";
import type { ConsumeInput, Receipt } from "../schemas.ts";
import type { GrantRow } from "../store.ts";
import { transitionRecord } from "../transition.ts";
import type { Settled } from "./batches.ts";
import { type Burn, burnGrants, insertReceipts, lockGrantsForUse } from "./store.ts";

export interface ConsumeItem {
  readonly caller: Caller;
  readonly authCode: string;
  readonly input: ConsumeInput;
  /** Makes the answer ready; what it throws keeps the grant unused. */
  ready(receipt: Receipt): void;
}

/** It needs more than its own row, or its row is not to be had at once. It is dealt with by itself. */
export const apart = Symbol("apart");

export type Consumed = Receipt | typeof apart;

/**
 * Consumes grants that are asked for at the same time in one transaction, each judged for itself by the one predicate
 * (GRANT-1, GRANT-3): one that is refused changes nothing for its neighbours. Where the database refuses the whole, each
 * is dealt with by itself; an unknown outcome is everybody's (OPEN-7).
 * @throws ServiceProblem DATABASE_UNAVAILABLE, OVERLOADED: the fate of all of them
 */
export async function consumeTogether(
  database: Database,
  items: readonly ConsumeItem[],
): Promise<readonly Settled<Consumed>[]> {
  try {
    return await database.transact((tx) => consumeAll(tx, items), { readsFirst: true });
  } catch (error) {
    if (error instanceof Problem && error.definition.kind === "unavailable") throw error;
    // A trigger has refused one of them, or an answer could not be made: who it was, each finds out for itself.
    return items.map(() => ({ ok: apart }));
  }
}

async function consumeAll(tx: Tx, items: readonly ConsumeItem[]): Promise<readonly Settled<Consumed>[]> {
  const rows = await lockGrantsForUse(
    tx,
    items.map((item) => item.authCode),
  );
  const locked = new Map(rows.map((row) => [row.auth_code, row]));
  // The latest clock of all: none is judged by a time before the last lock.
  const now = rows.reduce((latest, row) => (row.now > latest ? row.now : latest), new Date(0));
  const settled = items.map((item) => judgeItem(item, locked.get(item.authCode), now));
  const burns = settled.filter((one): one is { burn: Burn; item: ConsumeItem } => "burn" in one);
  const receipts = burns.length === 0 ? new Map<string, Receipt>() : await burn(tx, burns, locked);
  return settled.map((one): Settled<Consumed> => {
    if (!("burn" in one)) return one;
    const receipt = receipts.get(one.burn.auth_code);
    if (receipt === undefined) throw new Error(`grant ${one.burn.auth_code} changed under its lock`);
    one.item.ready(receipt);
    return { ok: receipt };
  });
}

function judgeItem(
  item: ConsumeItem,
  grant: GrantRow | undefined,
  now: Date,
): Settled<Consumed> | { readonly burn: Burn; readonly item: ConsumeItem } {
  const { authCode, caller } = item;
  // It is not there, or another transaction has it and is to be waited for.
  if (grant === undefined) return { ok: apart };
  const { idempotency_root: root, lease, ...bindings } = item.input;
  const wanted = asked(bindings);
  const judgement = judgeNamed(wanted, grant, now, caller.principal);
  if (!judgement.valid) {
    // The root that has used it is shown its receipt again.
    if (judgement.code === "REJECT_AUTH_ALREADY_CONSUMED" && isOwnRoot(grant, caller, root)) return { ok: apart };
    return { error: refusal(wanted, judgement) };
  }
  if (lease !== undefined || grant.on_hold === true || rehearsalRefOf(grant) !== undefined) return { ok: apart };
  return { burn: { auth_code: authCode, by: caller.principal, root }, item };
}

/** The grants, their receipts and their events, sent together. */
async function burn(
  tx: Tx,
  burns: readonly { burn: Burn; item: ConsumeItem }[],
  locked: ReadonlyMap<string, GrantRow>,
): Promise<ReadonlyMap<string, Receipt>> {
  const [rows] = await Promise.all([
    burnGrants(
      tx,
      burns.map((one) => one.burn),
    ),
    insertReceipts(
      tx,
      burns.map((one) => one.burn.auth_code),
    ),
    appendEventsOf(
      tx,
      burns.map((one) => ({ caller: one.item.caller, record: recordOf(one.burn, locked) })),
    ),
  ]);
  return new Map(rows.map((row) => [row.auth_code, receiptOf(row, undefined, false)]));
}

/** What the event of a burn says: all of it is known once the row is locked. */
function recordOf({ auth_code, by, root }: Burn, locked: ReadonlyMap<string, GrantRow>): AuditRecord {
  const before = locked.get(auth_code);
  if (before === undefined) throw new Error(`grant ${auth_code} is burnt without its lock`);
  const changed = { expires_at: before.expires_at, consumed_by: by, idempotency_root: root };
  return transitionRecord(before, changed, "consumed");
}
