import { LifecycleProblem } from "../errors.ts";
import type { ManifestUnit, Outcome } from "./schemas.ts";
import type { Answered, UnitState } from "./store.ts";

/** The gateway's answer as it is shown. */
export function presentOutcome(answered: Answered): Outcome {
  return {
    canonical_address: answered.canonical_address ?? null,
    status: answered.status,
    detail: answered.detail ?? null,
    from_status: answered.from_status ?? null,
    to_status: answered.to_status ?? null,
    log_id: answered.log_id ?? null,
    rows: answered.would_write_rows ?? answered.wrote_rows ?? null,
  };
}

/** The most refusals that a problem lists. */
const shown = 20;

/** @throws LifecycleProblem TRANSITION_REFUSED naming each unit that the gateway did not answer `expected` for */
export function requireAll(answers: readonly Answered[], expected: string): void {
  const refused = answers.filter((one) => one.status !== expected);
  const first = refused[0];
  if (first === undefined) return;
  const told = first.detail ? `${first.status} (${first.detail})` : first.status;
  const more = refused.length > 1 ? `, and ${refused.length - 1} more` : "";
  throw new LifecycleProblem("TRANSITION_REFUSED", `${first.canonical_address ?? "A unit"}: ${told}${more}.`, {
    members: {
      refused: refused.slice(0, shown).map(({ canonical_address, status }) => ({ canonical_address, status })),
    },
  });
}

/** @throws LifecycleProblem UNIT_MOVED where what would be in force is not what was approved */
export function requireIdentities(units: readonly ManifestUnit[], states: readonly UnitState[]): void {
  const found = new Map(states.map((one) => [one.canonical_address, one]));
  const moved = units.find((unit) => found.get(unit.canonical_address)?.identity_digest !== unit.identity_digest);
  if (moved === undefined) return;
  throw new LifecycleProblem("UNIT_MOVED", `${moved.canonical_address} says something else than was approved.`, {
    members: { canonical_address: moved.canonical_address },
  });
}

/** @throws LifecycleProblem UNIT_MOVED where a unit is not the version that was approved */
export function requireVersions(units: readonly ManifestUnit[], answers: readonly Answered[]): void {
  const found = new Map(answers.map((one) => [one.canonical_address, one]));
  for (const unit of units) {
    const is = found.get(unit.canonical_address);
    const moved =
      is?.uv_id !== unit.version_id ||
      is.uv_content_digest !== unit.version_digest ||
      (unit.new_version_digest !== undefined && is.new_uv_content_digest !== unit.new_version_digest);
    if (!moved) continue;
    throw new LifecycleProblem("UNIT_MOVED", `${unit.canonical_address} is another version than was approved.`, {
      members: { canonical_address: unit.canonical_address },
    });
  }
}
