import type { Database } from "../../database/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import { asked } from "../asked.ts";
import { LifecycleProblem } from "../errors.ts";
import { gatewayDigest, readGateway } from "../gateway/catalog.ts";
import { defaultDatabase } from "../schemas.ts";
import { selectUnitsBelow, selectUnitsNamed, type UnitRow } from "../units/store.ts";
import { presentOutcome } from "./answers.ts";
import { tryCompensation } from "./acts.ts";
import { type Seen, seeDecisions } from "./decisions.ts";
import { askedOf, digestsOfInput, examineInput, statesOf } from "./input.ts";
import { kinds } from "./kinds.ts";
import { type Manifest, type ManifestInput, type ManifestUnit, mostUnits, type TransitionInput } from "./schemas.ts";
import { callGateway, type UnitState, unitStates } from "./store.ts";

/**
 * The manifest that a request for a lifecycle run names: the units as they are now, and what the gateway's dry run says
 * of each. It writes nothing (LIFE-6).
 * @throws LifecycleProblem GATEWAY_NOT_INSTALLED; ServiceProblem INVALID_REQUEST
 */
export async function makeManifest(
  databases: { readonly control: Database; readonly target: Database },
  caller: Caller,
  wanted: ManifestInput,
): Promise<Manifest> {
  requireOneChoice(wanted);
  const { transition, database = defaultDatabase } = wanted;
  const rows = await databases.target.transact((tx) => asked(() => findUnits(tx, wanted)), { readOnly: true });
  const addresses = rows.map((row) => row.canonical_address);
  const decisions = await databases.control.transact(
    (tx) => seeDecisions(tx, transition, wanted, database, addresses),
    { readOnly: true },
  );
  return databases.target.transact(
    async (tx) => {
      const input = inputOf(wanted, await asked(() => findUnits(tx, wanted)), {
        gateway: gatewayDigest(await readGateway(tx)),
        decisions,
      });
      const states = await unitStates(tx, statesOf(input.units));
      for (const [at, unit] of input.units.entries()) unit.identity_digest = identityOf(unit, states[at]);
      examineInput(transition, input, "");
      const answers = await asked(() =>
        callGateway(tx, transition, askedOf(input.units), {
          actor: caller.principal,
          review_decision_id: wanted.review_decision_id,
          change_set_id: wanted.change_set_id ?? null,
          reason: wanted.reason,
          run_ref: null,
          dry_run: true,
        }),
      );
      const compensation =
        input.compensation_decision_id === undefined
          ? []
          : await tryCompensation(tx, input, {
              actor: caller.principal,
              run_ref: null,
              decision: input.compensation_decision_id,
            });
      return {
        build: kinds[transition].build,
        database,
        input,
        ...digestsOfInput(input),
        passed:
          [...answers, ...compensation].every((one) => one.status === "plan_ok") &&
          decisions.every((one) => one.status === "recorded"),
        results: answers.map(presentOutcome),
        compensation: compensation.map(presentOutcome),
        decisions: decisions.map(({ of, decision_id, status }) => ({ of, decision_id, status })),
      };
    },
    { readOnly: true },
  );
}

function requireOneChoice({ units, address_prefix, transition }: ManifestInput): void {
  if ((units === undefined) === (address_prefix === undefined)) {
    throw new ServiceProblem("INVALID_REQUEST", "Name the units, or the beginning of their addresses.", {
      errors: [{ pointer: "/units", detail: "must be given, or else address_prefix: one of the two" }],
    });
  }
  if (transition !== "supersede" && units?.some((unit) => unit.new_version_id !== undefined)) {
    const at = units.findIndex((unit) => unit.new_version_id !== undefined);
    throw new ServiceProblem("INVALID_REQUEST", "Only a supersession has a new version.", {
      errors: [{ pointer: `/units/${at}/new_version_id`, detail: "is for supersessions" }],
    });
  }
}

async function findUnits(tx: Parameters<typeof selectUnitsNamed>[0], wanted: ManifestInput): Promise<UnitRow[]> {
  if (wanted.units === undefined) return unitsBelow(tx, wanted.address_prefix ?? "", wanted);
  const names = wanted.units.map((unit) => unit.canonical_address);
  const twice = names.findIndex((name, at) => names.indexOf(name) !== at);
  if (twice !== -1) {
    throw new ServiceProblem("INVALID_REQUEST", `${names[twice]} is named twice.`, {
      errors: [{ pointer: `/units/${twice}/canonical_address`, detail: "is there already" }],
    });
  }
  const rows = await selectUnitsNamed(tx, names);
  const found = new Set(rows.map((row) => row.canonical_address));
  const missing = names.findIndex((name) => !found.has(name));
  if (missing === -1) return rows;
  throw new ServiceProblem("INVALID_REQUEST", `There is no unit ${names[missing]}.`, {
    errors: [{ pointer: `/units/${missing}/canonical_address`, detail: "iu_not_found" }],
  });
}

async function unitsBelow(tx: Parameters<typeof selectUnitsNamed>[0], prefix: string, wanted: ManifestInput) {
  const rows = await selectUnitsBelow(tx, prefix, kinds[wanted.transition].from, mostUnits);
  if (rows.length >= 1 && rows.length <= mostUnits) return rows;
  const detail = rows.length === 0 ? "no unit that could be moved begins so" : `more than ${mostUnits} units begin so`;
  throw new ServiceProblem("INVALID_REQUEST", `${prefix}: ${detail}.`, {
    errors: [{ pointer: "/address_prefix", detail }],
  });
}

function inputOf(
  wanted: ManifestInput,
  rows: readonly UnitRow[],
  found: { readonly gateway: string; readonly decisions: readonly Seen[] },
): TransitionInput {
  const { transition, review_decision_id, compensation_decision_id, change_set_id, reason } = wanted;
  const chosen = new Map(wanted.units?.map((unit) => [unit.canonical_address, unit.new_version_id]));
  const digest = (of: Seen["of"]): string => found.decisions.find((one) => one.of === of)?.digest ?? "";
  return {
    transition,
    units: rows.map((row) => unitOf(row, transition === "supersede", chosen.get(row.canonical_address))),
    review_decision_id,
    review_decision_digest: digest("transition"),
    ...(compensation_decision_id !== undefined && {
      compensation_decision_id,
      compensation_decision_digest: digest("compensation"),
    }),
    ...(change_set_id !== undefined && { change_set_id }),
    reason,
    gateway_digest: found.gateway,
  };
}

/** @throws LifecycleProblem TRANSITION_REFUSED where the version is not there */
function identityOf(unit: ManifestUnit, state: UnitState | undefined): string {
  if (state?.canonical_address === unit.canonical_address && state.identity_digest !== null)
    return state.identity_digest;
  throw new LifecycleProblem("TRANSITION_REFUSED", `${unit.canonical_address}: version_not_found.`);
}

function unitOf(row: UnitRow, superseded: boolean, chosen: string | undefined): ManifestUnit {
  const { canonical_address, version_id, version_digest, newest_version_id, newest_version_digest } = row;
  if (version_id === null || version_digest === null)
    throw new LifecycleProblem("TRANSITION_REFUSED", `${canonical_address}: version_anchor_missing.`);
  // What it says is read for all of them at once.
  const unit = { canonical_address, version_id, version_digest, identity_digest: "" };
  if (!superseded) return unit;
  if (chosen !== undefined && chosen !== newest_version_id) {
    throw new ServiceProblem("INVALID_REQUEST", `${canonical_address} is superseded by its newest version only.`, {
      errors: [{ pointer: "/units", detail: `${canonical_address}: the newest version is ${newest_version_id}` }],
    });
  }
  if (newest_version_id === null || newest_version_digest === null || newest_version_id === version_id)
    throw new LifecycleProblem("TRANSITION_REFUSED", `${canonical_address}: no newer version is there.`);
  return { ...unit, new_version_id: newest_version_id, new_version_digest: newest_version_digest };
}
