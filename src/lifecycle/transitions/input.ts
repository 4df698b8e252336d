import { digestOf } from "../../kernel/json.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import type { BuildDigests } from "../../runs/index.ts";
import type { ManifestUnit, TransitionInput } from "./schemas.ts";
import type { Asked, AskedState } from "./store.ts";

/** The order that a manifest is digested and worked off in. */
export function inOrder(a: { canonical_address: string }, b: { canonical_address: string }): number {
  return Buffer.compare(Buffer.from(a.canonical_address), Buffer.from(b.canonical_address));
}

/** What is approved: the units with their versions and all that goes with them; and, as the schema, the gateway. */
export function digestsOfInput(input: TransitionInput): BuildDigests {
  const { gateway_digest, ...content } = input;
  const units = content.units.toSorted(inOrder);
  return { manifest_digest: digestOf({ ...content, units }), schema_digest: gateway_digest, count: units.length };
}

/**
 * What the schema cannot say.
 * @param at where in the body the input stands
 * @throws ServiceProblem INVALID_REQUEST
 */
export function examineInput(transition: string, input: TransitionInput, at = "/input"): void {
  if (input.transition !== transition) fault(`${at}/transition`, `must be ${transition} for this build`);
  if (transition !== "enact" && input.compensation_decision_id !== undefined)
    fault(`${at}/compensation_decision_id`, "is for enactments: nothing undoes this transition but another decision");
  if ((input.compensation_decision_id === undefined) !== (input.compensation_decision_digest === undefined))
    fault(`${at}/compensation_decision_digest`, "goes with compensation_decision_id: both, or neither");
  const seen = new Set<string>();
  for (const [position, unit] of input.units.entries()) {
    const pointer = `${at}/units/${position}`;
    if (seen.has(unit.canonical_address)) fault(pointer, `is about ${unit.canonical_address}, as an earlier one is`);
    seen.add(unit.canonical_address);
    examineUnit(transition, unit, pointer);
  }
}

function examineUnit(transition: string, unit: ManifestUnit, pointer: string): void {
  const named = unit.new_version_id !== undefined && unit.new_version_digest !== undefined;
  if (transition === "supersede") {
    if (!named) fault(pointer, "needs new_version_id and new_version_digest: what it is superseded by");
    if (unit.new_version_id === unit.version_id) fault(`${pointer}/new_version_id`, "supersedes itself");
  } else if (unit.new_version_id !== undefined || unit.new_version_digest !== undefined) {
    fault(pointer, "names a new version, and nothing is superseded");
  }
}

function fault(pointer: string, detail: string): never {
  throw new ServiceProblem("INVALID_REQUEST", "The input makes no sense as it is.", { errors: [{ pointer, detail }] });
}

/** The version of each unit that is, or is to be, in force. */
export function statesOf(units: readonly ManifestUnit[]): AskedState[] {
  return units.map(({ canonical_address, version_id, new_version_id }) => ({
    canonical_address,
    version_id: new_version_id ?? version_id,
  }));
}

/** The units as the gateway is asked for them. */
export function askedOf(units: readonly ManifestUnit[]): Asked[] {
  return units.map((unit) => ({
    canonical_address: unit.canonical_address,
    prior_version_id: unit.version_id,
    new_version_id: unit.new_version_id ?? null,
  }));
}
