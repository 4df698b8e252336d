import { mkdirSync } from "node:fs";
import path from "node:path";
import { query } from "../test/support/data-directory.ts";
import { type Batch, controlBatches, roundsOf, soundBatches } from "./batches.ts";
import { Closing } from "./closing.ts";
import type { Kind } from "./kinds/index.ts";
import { controlOf, type Outcome, outcomeOf, type Played } from "./outcome.ts";
import { NotHere } from "./scene/place.ts";
import { setScene } from "./scene/scene.ts";
import { Seeded } from "./seeded.ts";
import { Stand, type Task } from "./stand.ts";
import { closeSoon, Venue } from "./venue.ts";

export interface CampaignOptions {
  readonly kinds: readonly Kind[];
  readonly seed: number;
  /** Of each kind. */
  readonly rounds: number;
  /** How many times the fault strikes in each round. */
  readonly injections: number;
  /** How many times at least in all, spread over the kinds: it makes the rounds as many as it takes. */
  readonly total?: number | undefined;
  /** The same for each round of a control; as many if absent. */
  readonly controlInjections?: number;
  /** Whether the naive consume is played too, and how many rounds of a kind it may take until it is caught; 0 for no controls. */
  readonly controlRounds: number;
  /** How many scenes are played on at once, each with a PostgreSQL and two services of its own. */
  readonly atOnce: number;
  /** Where journals and logs are kept. */
  readonly folder: string;
  readonly tell: (line: string) => void;
  /** Is told what became of it so far, after each round. */
  readonly progress?: (outcome: Outcome) => void;
  /** Says whether it is to end after the rounds that are being played. */
  readonly stopped?: () => boolean;
}

/** How often rounds are added because others were cut short, or their kinds cannot be played here. */
const additions = 4;

/** Plays every kind, and its control, in the place that it takes; several places at once, in each one round after the other. */
export async function playCampaign(options: CampaignOptions): Promise<Outcome> {
  mkdirSync(options.folder, { recursive: true });
  return new Campaign(options).play();
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #rounds: Played[] = [];
  readonly #skipped = new Map<string, string>();
  #postgres = "unknown";
  #batches = 0;

  constructor(options: CampaignOptions) {
    this.#options = options;
  }

  async play(): Promise<Outcome> {
    const { kinds, controlRounds } = this.#options;
    const controls = controlRounds === 0 ? [] : controlBatches(kinds, this.#options);
    const sound = soundBatches(roundsOf(kinds, this.#options));
    // The longest first, the service and its control at once, each in a place of its own.
    const batches = [...controls, ...sound].toSorted((a, b) => b.tasks.length - a.tasks.length);
    await this.#playAll(batches);
    for (let added = 1; added <= additions && this.#missing() > 0; added += 1) {
      const here = kinds.filter(({ name }) => !this.#skipped.has(name));
      const rounds = roundsOf(here, { ...this.#options, total: this.#missing(), skip: added * 10_000 });
      await this.#playAll(soundBatches(rounds));
    }
    return this.#outcome();
  }

  #missing(): number {
    if (this.#options.stopped?.() === true) return 0;
    const done = this.#outcome().rows.reduce((sum, { injections }) => sum + injections, 0);
    return (this.#options.total ?? 0) - done;
  }

  #outcome(): Outcome {
    return outcomeOf(this.#options.kinds, this.#rounds, this.#skipped, this.#postgres);
  }

  async #playAll(batches: readonly Batch[]): Promise<void> {
    const queue = [...batches];
    const work = async (): Promise<void> => {
      const venue = new Venue(this.#options.tell);
      try {
        for (let batch = venue.next(queue); batch !== undefined; batch = venue.next(queue)) {
          await this.#playBatch(venue, batch);
        }
      } finally {
        await venue.leave();
      }
    };
    await Promise.all(Array.from({ length: this.#options.atOnce }, work));
  }

  /** A scene that something is wrong with is given up, with its PostgreSQL, and the rest is played on another one. */
  async #playBatch(venue: Venue, batch: Batch): Promise<void> {
    let left = batch.tasks;
    for (let faults = 0; left.length > 0 && this.#options.stopped?.() !== true; ) {
      try {
        left = await this.#playScene(venue, batch, left);
      } catch (error) {
        venue.spoil();
        if (error instanceof NotHere) {
          for (const { kind } of left) this.#skipped.set(kind.name, error.message);
          return;
        }
        faults += 1;
        this.#options.tell(`a scene for ${batch.place.name} could not be set: ${String(error)}`);
        if (faults === 5) throw error;
      }
    }
  }

  /** @returns what is left, where the scene is of no more use */
  async #playScene(venue: Venue, { place, manner }: Batch, tasks: readonly Task[]): Promise<readonly Task[]> {
    const { folder, seed, tell } = this.#options;
    const closing = new Closing();
    this.#batches += 1;
    const prefix = `${place.name}${this.#batches}`;
    const naive = manner === "naive";
    const own = { folder: path.join(folder, `${prefix}-${manner}`), random: new Seeded(seed), naive };
    mkdirSync(own.folder, { recursive: true });
    try {
      const cluster = await venue.enter(place, own);
      const [version] = await query(cluster.superUrl, "SELECT current_setting('server_version') AS version");
      this.#postgres = String(version?.["version"]);
      const scene = await setScene(closing, cluster, { name: `faults_${prefix}`, ...own });
      const stand = new Stand(scene, manner, { folder, prefix });
      for (const [at, task] of tasks.entries()) {
        if (this.#options.stopped?.() === true) return [];
        if (this.#isCaught(task.kind, manner)) continue;
        const played = await stand.play(task);
        this.#note(played);
        if (!played.violations.some(({ check }) => check === "well")) continue;
        venue.spoil();
        return tasks.slice(at + 1);
      }
      return [];
    } finally {
      await closeSoon(closing, tell);
    }
  }

  /** A control is played until it is caught. */
  #isCaught(kind: Kind, manner: Batch["manner"]): boolean {
    if (manner === "service") return false;
    const { asExpected } = controlOf(kind, manner, this.#rounds);
    return asExpected === true;
  }

  #note(played: Played): void {
    this.#rounds.push(played);
    const { name, seed, injections, operations, acknowledged, unknown, violations, seconds } = played;
    this.#options.tell(
      `${name}: seed ${seed}, ${injections} injections, ${operations} operations, ${acknowledged} acknowledged, ` +
        `${unknown} unknown, ${violations.length} violations, ${seconds} s`,
    );
    this.#options.progress?.(this.#outcome());
  }
}
