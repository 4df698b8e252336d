import { digestOf } from "../../kernel/json.ts";
import type { AnyBuild, Build, Work } from "../../runs/index.ts";
import { asked } from "../asked.ts";
import { decisionDigest } from "../decisions/judge.ts";
import { LifecycleProblem } from "../errors.ts";
import { gatewayDigest, readGateway } from "../gateway/catalog.ts";
import type { TransitionName } from "../schemas.ts";
import { move, preflight, requireLines, undo, verify } from "./acts.ts";
import { admitDecisions } from "./decisions.ts";
import { digestsOfInput, examineInput, statesOf } from "./input.ts";
import { kinds, leaseName } from "./kinds.ts";
import { TransitionInput } from "./schemas.ts";
import { changeSet, targetDecisions, touchedRows, type Touched, unitStates } from "./store.ts";

async function fingerprint(target: Work["target"], input: TransitionInput): Promise<string> {
  const decisions = [input.review_decision_id, input.compensation_decision_id].filter((id) => id !== undefined);
  return asked(async () =>
    digestOf({
      gateway: gatewayDigest(await readGateway(target)),
      units: await unitStates(target, statesOf(input.units)),
      decisions: (await targetDecisions(target, decisions)).map(decisionDigest),
      change_set: await changeSet(target, input.change_set_id),
    }),
  );
}

/** What counts for undoing: which of the units are in force, where there is a way back; a way forward has none. */
async function standing(target: Work["target"], input: TransitionInput): Promise<string> {
  if (input.transition !== "enact" || input.compensation_decision_id === undefined) return digestOf({ forward: true });
  const units = await unitStates(target, statesOf(input.units));
  const inForce = units.filter((unit) => unit.lifecycle_status === "enacted");
  return digestOf(inForce.map((unit) => [unit.canonical_address, unit.version_digest]));
}

/** Rows that this transaction has touched: of units, versions and log exactly as many as the input has, and nothing else. */
async function delta(target: Work["target"], before: unknown) {
  const from = new Map((before as readonly Touched[]).map((one) => [one.table, one]));
  const rows = (await touchedRows(target)).map((now) => {
    const then = from.get(now.table);
    return {
      table: now.table,
      inserted: now.inserted - (then?.inserted ?? 0),
      updated: now.updated - (then?.updated ?? 0),
      deleted: now.deleted - (then?.deleted ?? 0),
    };
  });
  return {
    rows: rows.filter(
      (row) => !row.table.startsWith("public.countersign_") && row.inserted + row.updated + row.deleted > 0,
    ),
  };
}

/** The build of one transition (LIFE-6): dry run of all, then all of them in one transaction, then the close-out. */
function transitionBuild(transition: TransitionName): Build<TransitionInput> {
  const kind = kinds[transition];
  return {
    name: kind.build,
    summary: `Has the lifecycle gateway ${transition} the units of a manifest, all or none.`,
    carrier: "IU",
    target: kind.target,
    leaseName,
    actionSet: [kind.action],
    needs: () => [kind.action],
    input: TransitionInput,
    examine: (input) => examineInput(transition, input),
    admit: admitDecisions,
    digests: digestsOfInput,
    states: [
      {
        state: "S0",
        name: "PREFLIGHT",
        kind: "check",
        compensation: "ABORT",
        summary: "The gateway is the approved one, and its dry run passes for every unit; writes nothing.",
        check: preflight,
      },
      {
        state: "S1",
        name: "RESERVE_CONSUME",
        kind: "reserve",
        compensation: "ABORT_NO_LEASE",
        summary: "Takes the lease and burns the grant.",
      },
      {
        state: "S2",
        name: "TRANSITIONS",
        kind: "write",
        compensation: kind.compensation,
        summary: "Every unit through the gateway, each with its line in the log, in one transaction.",
        action: move,
        verify: requireLines,
        undo,
      },
      {
        state: "S3",
        name: "VERIFY",
        kind: "check",
        fresh: true,
        compensation: "CONTRADICTION",
        summary: "Over a fresh connection, every unit and its line in the log are as approved.",
        check: verify,
      },
      {
        state: "S4",
        name: "FINALIZE",
        kind: "finalize",
        compensation: "COMP_FINALIZE",
        summary: "Writes the outcome to the grant and frees the lease.",
      },
    ],
    fingerprint,
    standing,
    baseline: (target) => touchedRows(target),
    delta,
    explain: (_constraint, message) =>
      message.startsWith("IU ")
        ? new LifecycleProblem("TRANSITION_REFUSED", "The gateway's own guards refuse the transition.")
        : undefined,
  };
}

/** Enactment, supersession and retirement of units, as builds of the run engine (LIFE-6, LIFE-7). */
export const lifecycleBuilds = (["enact", "supersede", "retire"] as const).map((name) =>
  transitionBuild(name),
) as unknown as readonly AnyBuild[];
