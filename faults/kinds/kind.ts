import type { CheckName } from "../checks/checks.ts";
import type { Scene } from "../scene/scene.ts";
import type { Seeded } from "../seeded.ts";

/** A kind of fault. */
export interface Kind {
  readonly name: string;
  /** What the table says of it. */
  readonly what: string;
  /** Whether the cluster must be on a small disk of its own. */
  readonly smallDisk?: boolean;
  /**
   * Brings the fault about, lets it last, and ends it. What it has broken for good, such as a process, is started again.
   * @returns what it was, for the journal
   */
  strike(scene: Scene, random: Seeded): Promise<string>;
  /** By which checks the naive consume is caught under it, any of them; none where there is no fault. */
  readonly caughtBy: readonly CheckName[];
  /** Why the naive consume cannot stand it. */
  readonly because: string;
}
