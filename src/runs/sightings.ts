import { type Database, sqlState } from "../database/index.ts";
import { findRehearsal, type Sighting, type Sightings } from "../rehearsals/index.ts";
import type { AnyBuild } from "./build.ts";
import { readInput } from "./store.ts";
import type { Targets } from "./targets.ts";

/** What a look at a target needs. */
export interface Eyes {
  readonly control: Database;
  readonly targets: Targets;
  readonly builds: ReadonlyMap<string, AnyBuild>;
}

/**
 * How the targets of the named rehearsals look now. Read before any control transaction opens; a target that does not
 * answer is said to be unseen, and whoever needs it refuses (OPEN-1).
 */
export async function see(eyes: Eyes, refs: readonly string[]): Promise<Sightings> {
  const seen = new Map<string, Sighting>();
  for (const ref of new Set(refs)) {
    const row = await eyes.control.transact((tx) => findRehearsal(tx, ref), { readOnly: true });
    const build = row === undefined ? undefined : eyes.builds.get(row.build);
    if (row === undefined || build === undefined) continue;
    const input = await eyes.control.transact((tx) => readInput(tx, row.idempotency_root), { readOnly: true });
    seen.set(ref, await look(eyes, row.database, build, input));
  }
  return seen;
}

async function look(eyes: Eyes, name: string, build: AnyBuild, input: unknown): Promise<Sighting> {
  try {
    const target = await eyes.targets.open(name);
    return { fingerprint: await target.transact((tx) => build.fingerprint(tx, input as never), { readOnly: true }) };
  } catch (error) {
    const state = sqlState(error) ?? sqlState((error as Error).cause);
    return { unseen: `The target database ${name} could not be looked at${state === undefined ? "" : ` (${state})`}.` };
  }
}
