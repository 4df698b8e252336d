import type { Database } from "../../database/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { canonicalJson } from "../../kernel/json.ts";
import { asked, refusal } from "../bindings.ts";
import { type Bindings, judge } from "../predicate.ts";
import { rehearsalRefOf } from "../rehearsal.ts";
import type { BindingsInput, Verdict } from "../schemas.ts";
import { executorToMatch, presentVerdict } from "../verify.ts";
import type { Settled } from "./batches.ts";
import { apart } from "./consume.ts";
import { findAllCandidates, findLive } from "./store.ts";

export interface VerifyItem {
  readonly caller: Caller;
  readonly input: BindingsInput;
}

export type Verified = Verdict | typeof apart;

type Answer = Settled<Verified>;

/**
 * Verifies what is asked at the same time, each question judged for itself (GRANT-1): from one look at the live grants, and
 * from a second one, at the dead ones too, for those that no live grant covers.
 * @throws ServiceProblem DATABASE_UNAVAILABLE, OVERLOADED: the fate of all of them
 */
export async function verifyTogether(database: Database, items: readonly VerifyItem[]): Promise<readonly Answer[]> {
  const answers = await coveredByLive(database, items);
  const left = items.filter((_, position) => answers[position] === undefined);
  if (left.length === 0) return answers.filter((answer) => answer !== undefined);
  const others = (await judgedByAll(database, left)).values();
  return answers.map((answer) => answer ?? (others.next().value as Answer));
}

/** A verdict where one live grant covers what is asked: no dead one would change it (GRANT-2). Else undefined. */
async function coveredByLive(database: Database, items: readonly VerifyItem[]): Promise<(Answer | undefined)[]> {
  // The same plan asked about by many is looked up once.
  const plans = new Map(items.map(({ input }) => [planOf(input), input]));
  const rows = await database.transact((tx) => findLive(tx, [...plans.values()]), { readOnly: true, single: true });
  const live = Map.groupBy(rows, (row) => planOf(row.scope));
  return items.map(({ caller, input }) => {
    const candidates = live.get(planOf(input)) ?? [];
    const judgement = judge(asked(input), candidates, candidates[0]?.now ?? new Date(0), executorToMatch(caller));
    if (!judgement.valid) return undefined;
    return { ok: rehearsalRefOf(judgement.grant) === undefined ? presentVerdict(judgement.grant) : apart };
  });
}

function planOf({ carrier, plan_id }: Pick<Bindings, "carrier" | "plan_id">): string {
  return JSON.stringify([carrier, plan_id]);
}

async function judgedByAll(database: Database, items: readonly VerifyItem[]): Promise<Answer[]> {
  const keys = items.map((item) => canonicalJson(asked(item.input)));
  const distinct = [...new Set(keys)];
  const questions = distinct.map((key) => JSON.parse(key) as Bindings);
  const rows = await database.transact((tx) => findAllCandidates(tx, questions), { readOnly: true, single: true });
  const candidates = Map.groupBy(rows, (row) => distinct[row.question - 1]);
  return items.map(({ caller, input }, position) => {
    const wanted = asked(input);
    const found = candidates.get(keys[position]) ?? [];
    const judgement = judge(wanted, found, found[0]?.now ?? new Date(0), executorToMatch(caller));
    if (!judgement.valid) return { error: refusal(wanted, judgement) };
    return { ok: rehearsalRefOf(judgement.grant) === undefined ? presentVerdict(judgement.grant) : apart };
  });
}
