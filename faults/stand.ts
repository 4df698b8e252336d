import { setTimeout as pause } from "node:timers/promises";
import type { Violation, Witness } from "./checks/judge.ts";
import type { Kind } from "./kinds/index.ts";
import type { Manner, Played } from "./outcome.ts";
import { playRound, type RoundResult } from "./round.ts";
import type { Scene } from "./scene/scene.ts";

/** A round that is to be played. */
export interface Task {
  readonly kind: Kind;
  readonly seed: number;
  readonly injections: number;
}

/** Longer than any round takes that will ever end. */
const longestMs = (injections: number): number => 180_000 + injections * 15_000;

/** Plays rounds on one scene, one after the other. */
export class Stand {
  readonly #scene: Scene;
  readonly #manner: Manner;
  readonly #folder: string;
  readonly #prefix: string;
  readonly #known = new Set<string>();
  #witness: Witness | undefined;
  #number = 0;

  /** @param where the folder of the journals, and what the rounds' names begin with */
  constructor(scene: Scene, manner: Manner, where: { readonly folder: string; readonly prefix: string }) {
    this.#scene = scene;
    this.#manner = manner;
    this.#folder = where.folder;
    this.#prefix = where.prefix;
  }

  /** Plays one. It never throws: what goes wrong is a violation of `well`, and the scene is of no more use then. */
  async play({ kind, seed, injections }: Task): Promise<Played> {
    const began = performance.now();
    this.#number += 1;
    const manner = this.#manner;
    const name = `${this.#prefix}-${this.#number}-${kind.name}${manner === "service" ? "" : `-${manner}`}`;
    // What a control leaves behind is not held against its next round.
    const witness = manner === "service" ? this.#witness : undefined;
    const options = { name, seed, injections, folder: this.#folder, witness };
    const playing = playRound(this.#scene, kind, options).catch(broken);
    const result = await Promise.race([playing, tooLong(longestMs(injections))]);
    this.#witness = result.witness;
    return {
      name,
      kind: kind.name,
      manner,
      seed,
      // To wait for nothing is no injection.
      injections: kind.caughtBy.length === 0 ? 0 : result.injections,
      operations: result.operations,
      acknowledged: result.acknowledged,
      unknown: result.unknown,
      violations: result.violations.filter((one) => this.#isNew(one)),
      seconds: Math.round((performance.now() - began) / 100) / 10,
      journal: result.journal,
      replay: `npm run faults -- --seed ${seed} --kind ${kind.name} --rounds 1 --injections ${injections}`,
    };
  }

  /** A violation stays in the tables: it is held against the round that it came up in. */
  #isNew({ check, what }: Violation): boolean {
    const known = this.#known.has(what);
    this.#known.add(what);
    return !known || check === "well";
  }
}

function broken(error: unknown): RoundResult {
  const none = { injections: 0, operations: 0, acknowledged: 0, unknown: 0, journal: "", witness: undefined };
  const what = error instanceof Error ? error.message : String(error);
  return { ...none, violations: [{ check: "well", what: `the round could not be judged: ${what}` }] };
}

async function tooLong(milliseconds: number): Promise<RoundResult> {
  await pause(milliseconds, undefined, { ref: false });
  return broken(new Error(`it has not ended in ${milliseconds / 1_000} s`));
}
