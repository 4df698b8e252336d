import type { Database } from "../../database/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { asked, refusal } from "../bindings.ts";
import { canonicalJson } from "../../kernel/json.ts";
import { type Bindings, judge } from "../predicate.ts";
import { rehearsalRefOf } from "../rehearsal.ts";
import type { BindingsInput, Verdict } from "../schemas.ts";
import type { GrantRow } from "../store.ts";
import { executorToMatch, presentVerdict } from "../verify.ts";
import type { Settled } from "./batches.ts";
import { apart } from "./consume.ts";
import { findAllCandidates } from "./store.ts";

export interface VerifyItem {
  readonly caller: Caller;
  readonly input: BindingsInput;
}

export type Verified = Verdict | typeof apart;

/**
 * Verifies what is asked at the same time from one look at the grants, each question judged for itself (GRANT-1).
 * @throws ServiceProblem DATABASE_UNAVAILABLE, OVERLOADED: the fate of all of them
 */
export async function verifyTogether(
  database: Database,
  items: readonly VerifyItem[],
): Promise<readonly Settled<Verified>[]> {
  // The same question by many is looked up once.
  const keys = items.map((item) => canonicalJson(asked(item.input)));
  const distinct = [...new Set(keys)];
  const questions = distinct.map((key) => JSON.parse(key) as Bindings);
  const rows = await database.transact((tx) => findAllCandidates(tx, questions), { readOnly: true });
  const candidates = Map.groupBy(rows, (row) => distinct[row.question - 1]);
  return items.map((item, position) => verdictOn(item, candidates.get(keys[position]) ?? []));
}

function verdictOn({ caller, input }: VerifyItem, candidates: readonly GrantRow[]): Settled<Verified> {
  const wanted = asked(input);
  const judgement = judge(wanted, candidates, candidates[0]?.now ?? new Date(0), executorToMatch(caller));
  if (!judgement.valid) return { error: refusal(wanted, judgement) };
  if (rehearsalRefOf(judgement.grant) !== undefined) return { ok: apart };
  return { ok: presentVerdict(judgement.grant) };
}
