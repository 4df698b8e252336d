import type { Tx } from "../../database/index.ts";
import { digestOf } from "../../kernel/json.ts";
import { decisionDigest, type DecisionStatus, judgeDecision } from "../decisions/judge.ts";
import { findDecision } from "../decisions/store.ts";
import { LifecycleProblem } from "../errors.ts";
import type { TransitionName } from "../schemas.ts";
import { kinds } from "./kinds.ts";
import type { TransitionInput } from "./schemas.ts";
import { targetDecisions } from "./store.ts";

/** One of the decisions that an input names, and what it is for. */
export interface Named {
  readonly of: "transition" | "compensation";
  readonly decision_id: string;
  readonly kind: "enactment" | "supersession" | "retirement";
}

export interface Seen extends Named {
  readonly status: DecisionStatus;
  readonly digest: string;
}

type Naming = Pick<TransitionInput, "review_decision_id" | "compensation_decision_id">;

function namedBy(transition: TransitionName, input: Naming): Named[] {
  const own: Named = { of: "transition", decision_id: input.review_decision_id, kind: kinds[transition].decision };
  const { compensation_decision_id } = input;
  if (compensation_decision_id === undefined) return [own];
  return [own, { of: "compensation", decision_id: compensation_decision_id, kind: "retirement" }];
}

/** What the council has on record of the decisions that an input names. The digest is of nothing where there is none. */
export async function seeDecisions(
  control: Tx,
  transition: TransitionName,
  input: Naming,
  database: string,
  addresses: readonly string[],
): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const named of namedBy(transition, input)) {
    const row = await findDecision(control, named.decision_id);
    const status = judgeDecision(row, { kind: named.kind, database, addresses });
    seen.push({ ...named, status, digest: row === undefined ? digestOf(null) : decisionDigest(row) });
  }
  return seen;
}

/**
 * Asked in the control database when a run is started and again when its grant is burned: what the target has was put there
 * by its own functions, and is no proof that the council decided it (LIFE-6).
 * @throws LifecycleProblem TRANSITION_REFUSED
 */
export async function admitDecisions(control: Tx, input: TransitionInput, database: string): Promise<void> {
  const addresses = input.units.map((unit) => unit.canonical_address);
  const expected = { transition: input.review_decision_digest, compensation: input.compensation_decision_digest };
  for (const seen of await seeDecisions(control, input.transition, input, database, addresses)) {
    const pointer = `/input/${seen.of === "transition" ? "review" : "compensation"}_decision_id`;
    if (seen.status !== "recorded") throw refused(seen, seen.status, pointer);
    if (seen.digest !== expected[seen.of]) throw refused(seen, "review_decision_changed", pointer);
  }
}

function refused({ decision_id }: Named, status: string, pointer: string): Error {
  return new LifecycleProblem("TRANSITION_REFUSED", `${decision_id}: ${status}.`, {
    members: { refused: [{ decision_id, status }] },
    errors: [{ pointer, detail: status }],
  });
}

/** Whether the target's rows are those decisions, word for word. @throws LifecycleProblem TRANSITION_REFUSED */
export async function requireTargetDecisions(target: Tx, input: TransitionInput): Promise<void> {
  const digests = { transition: input.review_decision_digest, compensation: input.compensation_decision_digest };
  const named = namedBy(input.transition, input);
  const rows = await targetDecisions(
    target,
    named.map((one) => one.decision_id),
  );
  for (const one of named) {
    const row = rows.find(({ decision_id }) => decision_id === one.decision_id);
    const pointer = `/input/${one.of === "transition" ? "review" : "compensation"}_decision_id`;
    if (row === undefined) throw refused(one, "review_decision_not_found", pointer);
    if (decisionDigest(row) !== digests[one.of]) throw refused(one, "review_decision_changed", pointer);
  }
}
