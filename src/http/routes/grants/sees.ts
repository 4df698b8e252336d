import { type BindingsInput, rehearsalsToSee } from "../../../grants/index.ts";
import type { Sightings } from "../../../rehearsals/index.ts";
import type { Services } from "../../services.ts";

const nothing: Sightings = new Map();

/**
 * A look at the target of the rehearsal that a commit-mode grant stands on, before the transaction that decides (OPEN-1).
 * A dry-run stands on none.
 */
export async function seesTarget(services: Services, bindings: BindingsInput, authCode?: string): Promise<Sightings> {
  if (bindings.mode === "dry-run") return nothing;
  const about = authCode === undefined ? { bindings } : { authCode };
  const refs = await services.database.transact((tx) => rehearsalsToSee(tx, about), { readOnly: true });
  return services.runs.see(refs);
}
