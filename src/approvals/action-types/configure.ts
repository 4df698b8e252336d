import type { Tx } from "../../database/index.ts";
import { appendEvent } from "../../evidence/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import { principalsWith } from "../../principals/index.ts";
import { ApprovalProblem } from "../errors.ts";
import { canReach, leastQuorum, type QuorumRule, requiredQuorum } from "../quorum.ts";
import type { ActionType, ActionTypeInput } from "../schemas.ts";
import { presentActionType } from "./list.ts";
import {
  type ActionTypeRow,
  type ActionTypeValues,
  insertActionType,
  lockActionType,
  updateActionType,
} from "./store.ts";

/** `handler_ref` of a type that nothing executes yet: it fails closed (APR-4). */
export const unimplemented = "unimplemented";

/**
 * Registers or changes an action type: its handler, risk and quorum, or retires it (APR-4).
 * @param handlerRefs the handlers that the service has
 * @throws ServiceProblem INVALID_REQUEST for an unknown handler or a quorum below what the risk demands
 * @throws ApprovalProblem QUORUM_UNSATISFIABLE when too few people could vote (OPEN-6), ACTION_TYPE_RETIRED
 */
export async function configureActionType(
  tx: Tx,
  caller: Caller,
  code: string,
  input: ActionTypeInput,
  handlerRefs: ReadonlySet<string>,
): Promise<{ created: boolean; type: ActionType }> {
  checkHandler(input, handlerRefs);
  const values = checkQuorum(input);
  if (!values.retired) await checkReachable(tx, code, { quorum: values.quorum, council_quorum: values.councilQuorum });
  const before = await lockActionType(tx, code);
  if (before?.status === "retired") {
    throw new ApprovalProblem(
      "ACTION_TYPE_RETIRED",
      `${code} was retired at ${before.retired_at?.toISOString() ?? "?"}.`,
    );
  }
  const after =
    before === undefined
      ? await insertActionType(tx, code, `principal:${caller.principal}`, values)
      : await updateActionType(tx, code, values);
  // Someone else registered the code while we waited: theirs is now the one to change.
  if (after === undefined) return configureActionType(tx, caller, code, input, handlerRefs);
  await appendEvent(tx, caller, {
    action: "action_type.configured",
    resourceType: "action_type",
    resourceId: code,
    before: before === undefined ? null : summary(before),
    after: summary(after),
  });
  return { created: before === undefined, type: presentActionType(after) };
}

function checkHandler(input: ActionTypeInput, handlerRefs: ReadonlySet<string>): void {
  if (input.handler_ref === unimplemented || handlerRefs.has(input.handler_ref)) return;
  const known = [...handlerRefs, unimplemented].join(", ");
  throw new ServiceProblem("INVALID_REQUEST", `There is no handler ${input.handler_ref}.`, {
    errors: [{ pointer: "/handler_ref", detail: `must be one of: ${known}` }],
  });
}

function checkQuorum(input: ActionTypeInput): ActionTypeValues {
  const least = leastQuorum(input.risk_level);
  const councilQuorum = input.council_quorum ?? least.council_quorum;
  const errors = [
    { wrong: input.quorum < least.quorum, pointer: "/quorum", detail: `must be at least ${least.quorum} at this risk` },
    {
      wrong: councilQuorum < least.council_quorum || councilQuorum > input.quorum,
      pointer: "/council_quorum",
      detail: `must be between ${least.council_quorum} and the quorum`,
    },
  ].filter((error) => error.wrong);
  if (errors.length > 0) {
    throw new ServiceProblem("INVALID_REQUEST", `The quorum does not fit the risk ${input.risk_level}.`, {
      errors: errors.map(({ pointer, detail }) => ({ pointer, detail })),
    });
  }
  return {
    handlerRef: input.handler_ref,
    riskLevel: input.risk_level,
    quorum: input.quorum,
    councilQuorum,
    retired: input.status === "retired",
  };
}

async function checkReachable(tx: Tx, code: string, rule: QuorumRule): Promise<void> {
  const people = await electorate(tx);
  if (canReach(rule, people)) return;
  throw new ApprovalProblem(
    "QUORUM_UNSATISFIABLE",
    `${code} would need ${rule.quorum} approvals, ${rule.council_quorum} of them from the council; ` +
      `${people.voters} people may vote, ${people.council} of them council members.`,
    { errors: [{ pointer: "/quorum", detail: `can be at most ${people.voters}` }] },
  );
}

/** How many people hold a role that votes, and how many of them sit in the council. */
export async function electorate(tx: Tx): Promise<{ voters: number; council: number }> {
  const people = await principalsWith(tx, ["approver", "council"]);
  return { voters: people.length, council: people.filter((person) => person.roles.includes("council")).length };
}

/** Whether the quorum that the type demands of an ordinary request can be reached today (OPEN-6). */
export function reachable(type: ActionTypeRow, people: { voters: number; council: number }): boolean {
  return canReach(requiredQuorum(type, type.risk_level), people);
}

function summary(row: ActionTypeRow) {
  const { handler_ref, risk_level, quorum, council_quorum, status } = row;
  return { handler_ref, risk_level, quorum, council_quorum, status };
}
