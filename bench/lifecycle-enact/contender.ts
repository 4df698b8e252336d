import pg from "pg";
import { usableKey, type TestKey } from "../../test/support/commit.ts";
import { timed } from "../plan-commit/governed.ts";
import type { Place } from "../plan-commit/place.ts";
import { enact, pagesOf } from "./calls.ts";
import { type Governed, governed } from "./governed.ts";
import { type BenchTarget, decision } from "./target.ts";

interface Samples {
  readonly dry: number[];
  readonly real: number[];
  readonly commit: number[];
  readonly pages: number[];
  readonly governed: Governed[];
}

/** A target with the service before it, and which of its units are enacted, one a round. */
export interface Contender {
  readonly name: string;
  readonly target: BenchTarget;
  readonly client: pg.Client;
  readonly place: Place;
  readonly key: TestKey;
  address(round: number): string;
  readonly samples: Samples;
}

export async function contender(
  name: string,
  place: Place,
  target: BenchTarget,
  address: (round: number) => string,
): Promise<Contender> {
  const client = new pg.Client({ connectionString: target.url });
  await client.connect();
  const samples: Samples = { dry: [], real: [], commit: [], pages: [], governed: [] };
  return { name, target, client, place, key: await usableKey(place.service), address, samples };
}

/** One call by itself: its pages, its dry run, and the enactment with its COMMIT. @param kept false warms up */
export async function called(one: Contender, round: number, kept: boolean): Promise<void> {
  const { client, samples } = one;
  const call = { address: one.address(round), decision, dryRun: false };
  const pages = await pagesOf(client, call);
  const dry = await timed(() => enact(client, { ...call, dryRun: true }));
  await client.query("BEGIN");
  const real = await timed(() => enact(client, call));
  const commit = await timed(() => client.query("COMMIT"));
  if (!kept) return;
  samples.pages.push(pages);
  samples.dry.push(dry.ms);
  samples.real.push(real.ms);
  samples.commit.push(commit.ms);
}

/** The same for a unit that goes through the service. */
export async function throughService(one: Contender, round: number, kept: boolean): Promise<void> {
  const took = await governed(one.place.service, one.key, one.address(round));
  if (kept) one.samples.governed.push(took);
}
