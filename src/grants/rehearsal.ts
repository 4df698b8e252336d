import type { Tx } from "../database/index.ts";
import { requireFresh, type Sightings } from "../rehearsals/index.ts";
import { asked } from "./bindings.ts";
import { judge } from "./predicate.ts";
import type { BindingsInput } from "./schemas.ts";
import { findCandidates, findGrant, type GrantRow } from "./store.ts";

/** The rehearsal that a grant stands on: frozen in its evidence when it was minted. */
export function rehearsalRefOf(grant: Pick<GrantRow, "evidence">): string | undefined {
  return evidenceText(grant, "rehearsal_ref");
}

/** The run that a grant allows to roll back, if it is a rollback's. */
export function rollsBackOf(grant: Pick<GrantRow, "evidence">): string | undefined {
  return evidenceText(grant, "rolls_back");
}

function evidenceText({ evidence }: Pick<GrantRow, "evidence">, name: string): string | undefined {
  const value = (evidence as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : undefined;
}

/**
 * Refuses where the rehearsal that the grant stands on does not hold any more (OPEN-1).
 * @throws RehearsalProblem REHEARSAL_STALE, REHEARSAL_UNSEEN
 */
export async function requireRehearsal(tx: Tx, grant: GrantRow, sightings: Sightings): Promise<void> {
  const ref = rehearsalRefOf(grant);
  if (ref === undefined) return;
  const { database, plan_id, plan_revision, manifest_digest, schema_digest } = grant.scope;
  const bindings = {
    plan_id,
    plan_revision,
    manifest_digest,
    schema_digest,
    rollback_plan_ref: grant.rollback_plan_ref,
  };
  await requireFresh(tx, ref, { database, bindings }, sightings);
}

/** The rehearsals whose target must be looked at before what is asked can be answered. */
export async function rehearsalsToSee(
  tx: Tx,
  about: { readonly authCode: string } | { readonly bindings: BindingsInput },
): Promise<string[]> {
  if ("authCode" in about) {
    const grant = await findGrant(tx, about.authCode);
    return grant === undefined || grant.status === "consumed" ? [] : refsOf([grant]);
  }
  const wanted = asked(about.bindings);
  const candidates = await findCandidates(tx, wanted);
  const judgement = judge(wanted, candidates, candidates[0]?.now ?? new Date(0));
  return judgement.valid ? refsOf([judgement.grant]) : [];
}

function refsOf(grants: readonly GrantRow[]): string[] {
  return grants.map(rehearsalRefOf).filter((ref) => ref !== undefined);
}
