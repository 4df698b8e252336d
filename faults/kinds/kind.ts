import type { CheckName } from "../checks/checks.ts";
import type { Violation } from "../checks/judge.ts";
import type { Workload } from "../client/lanes.ts";
import type { Place } from "../scene/place.ts";
import type { Scene } from "../scene/scene.ts";
import type { Seeded } from "../seeded.ts";

/** A kind of fault. */
export interface Kind {
  readonly name: string;
  /** What the table says of it. */
  readonly what: string;
  /** Where its rounds are played; on one PostgreSQL of the harness's own if absent. */
  readonly place?: Place;
  /**
   * Brings the fault about, lets it last, and ends it. What it has broken for good, such as a process, is started again.
   * @returns what it was, for the journal
   */
  strike(scene: Scene, random: Seeded): Promise<string>;
  /** What the client does meanwhile, where it is not what it does otherwise. */
  readonly workload?: {
    readonly start: (work: Workload, scene: Scene) => Promise<unknown>[];
    /** Comes before each strike, for something to be under way then. @returns what is not over yet */
    readonly before: (work: Workload, scene: Scene, name: string) => Promise<Promise<unknown>[]>;
  };
  /** The same place without what makes acknowledged mean durable: there the service itself must be caught, by `lost`. */
  readonly careless?: Place;
  /** Looks, when a round is settled, at what only this kind knows of, such as another server. */
  inspect?(scene: Scene): Promise<readonly Violation[]>;
  /** Whether it takes more than the short form has time for; of a long run it then has a smaller part. */
  readonly long?: boolean;
  /** By which checks the naive consume is caught under it, any of them; none where there is no fault. */
  readonly caughtBy: readonly CheckName[];
  /** Why the naive consume cannot stand it. */
  readonly because: string;
}
