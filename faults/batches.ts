import type { Kind } from "./kinds/index.ts";
import type { Manner } from "./outcome.ts";
import { ownPlace, type Place } from "./scene/place.ts";
import { seedOfRound } from "./seeded.ts";
import type { Task } from "./stand.ts";

/** Rounds that are played on one scene. */
export interface Batch {
  readonly place: Place;
  readonly manner: Manner;
  readonly tasks: readonly Task[];
}

export interface Spread {
  readonly seed: number;
  readonly rounds: number;
  readonly injections: number;
  readonly total?: number | undefined;
  /** How many rounds of each kind there were before. */
  readonly skip?: number;
}

/** So many rounds go on one scene: a few, for the audit log to be compared, and not so many that it becomes slow to check. */
const roundsOnScene = 10;

export const placeOf = (kind: Kind): Place => kind.place ?? ownPlace;

/** Of a total, a kind that takes long has a smaller part. */
const partOf = ({ long }: Kind): number => (long === true ? 0.4 : 1);

/** The rounds of every kind, by turns: as many of each as asked for, or as it takes for so many injections in all. */
export function roundsOf(kinds: readonly Kind[], { seed, rounds, injections, total, skip = 0 }: Spread): Task[] {
  const parts = kinds.filter(({ caughtBy }) => caughtBy.length > 0).reduce((sum, kind) => sum + partOf(kind), 0);
  const countOf = (kind: Kind): number =>
    total === undefined ? rounds * injections : Math.ceil((total * partOf(kind)) / Math.max(parts, 1));
  const tasks: Task[] = [];
  const most = Math.max(0, ...kinds.map(countOf));
  for (let done = 0, round = skip; done < most; done += injections, round += 1) {
    for (const kind of kinds) {
      const count = Math.min(injections, countOf(kind) - done);
      if (count <= 0) continue;
      // One round without a fault is enough where only the injections count.
      if (total !== undefined && kind.caughtBy.length === 0 && round > 0) continue;
      tasks.push({ kind, seed: seedOfRound(seed, round), injections: count });
    }
  }
  return tasks;
}

/** The same rounds in batches, a place each. */
export function soundBatches(tasks: readonly Task[]): Batch[] {
  const batches: Batch[] = [];
  for (const own of Map.groupBy(tasks, ({ kind }) => placeOf(kind)).values()) {
    const place = placeOf((own[0] as Task).kind);
    for (let from = 0; from < own.length; from += roundsOnScene) {
      batches.push({ place, manner: "service", tasks: own.slice(from, from + roundsOnScene) });
    }
  }
  return batches;
}

/** For the controls of each place a batch: every kind as often as it may take until it is caught. */
export function controlBatches(
  kinds: readonly Kind[],
  options: {
    readonly seed: number;
    readonly injections: number;
    readonly controlInjections?: number;
    readonly controlRounds: number;
  },
): Batch[] {
  const { seed, controlRounds } = options;
  const injections = options.controlInjections ?? options.injections;
  const tasksOf = (own: readonly Kind[]): Task[] =>
    own.flatMap((kind) =>
      Array.from({ length: kind.caughtBy.length > 0 ? controlRounds : 1 }, (_, round) => ({
        kind,
        seed: seedOfRound(seed, round),
        injections,
      })),
    );
  const batches = [...Map.groupBy(kinds, placeOf)].map(
    ([place, own]): Batch => ({ place, manner: "naive", tasks: tasksOf(own) }),
  );
  for (const kind of kinds) {
    if (kind.careless !== undefined) batches.push({ place: kind.careless, manner: "careless", tasks: tasksOf([kind]) });
  }
  return batches;
}
