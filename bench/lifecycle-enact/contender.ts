import pg from "pg";
import { usableKey, type TestKey } from "../../test/support/commit.ts";
import { timed } from "../plan-commit/governed.ts";
import type { Place } from "../plan-commit/place.ts";
import { enact, pagesOf } from "./calls.ts";
import { type Governed, governed } from "./governed.ts";
import { type BenchTarget, decision } from "./target.ts";

/** One call: milliseconds, and pages of shared memory. */
export interface Called {
  readonly dry: number;
  readonly real: number;
  readonly commit: number;
  readonly pages: number;
}

/** A target with the service before it, and which of its units are enacted, one a round. */
export interface Contender {
  readonly name: string;
  readonly target: BenchTarget;
  readonly client: pg.Client;
  readonly place: Place;
  readonly key: TestKey;
  readonly address: (round: number) => string;
}

export async function contender(
  name: string,
  place: Place,
  target: BenchTarget,
  address: (round: number) => string,
): Promise<Contender> {
  const client = new pg.Client({ connectionString: target.url });
  await client.connect();
  return { name, target, client, place, key: await usableKey(place.service), address };
}

/** One call by itself: its pages, its dry run, and the enactment with its COMMIT. */
export async function called({ client, address }: Contender, round: number): Promise<Called> {
  const call = { address: address(round), decision, dryRun: false };
  const pages = await pagesOf(client, call);
  const dry = await timed(() => enact(client, { ...call, dryRun: true }));
  await client.query("BEGIN");
  const real = await timed(() => enact(client, call));
  const commit = await timed(() => client.query("COMMIT"));
  return { pages, dry: dry.ms, real: real.ms, commit: commit.ms };
}

/** The same for a unit that goes through the service. */
export function throughService({ place, key, address }: Contender, round: number): Promise<Governed> {
  return governed(place.service, key, address(round));
}
