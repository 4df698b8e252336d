import { mkdirSync } from "node:fs";
import path from "node:path";
import { query } from "../test/support/data-directory.ts";
import type { CheckName } from "./checks/checks.ts";
import type { Violation, Witness } from "./checks/judge.ts";
import { Closing } from "./closing.ts";
import type { Kind } from "./kinds/index.ts";
import { playRound, type RoundResult } from "./round.ts";
import { type Cluster, mountSmallDisk, startCluster } from "./scene/cluster.ts";
import { type Scene, setScene } from "./scene/scene.ts";
import { Seeded, seedOfRound } from "./seeded.ts";

export interface CampaignOptions {
  readonly kinds: readonly Kind[];
  readonly seed: number;
  /** Of each kind. */
  readonly rounds: number;
  /** How many times the fault strikes in each round. */
  readonly injections: number;
  /** The same for the controls; as many if absent. */
  readonly controlInjections?: number;
  /** Whether the naive consume is played too, and how many rounds of a kind it may take until it is caught; 0 for no controls. */
  readonly controlRounds: number;
  /** Where journals and logs are kept. */
  readonly folder: string;
  readonly tell: (line: string) => void;
}

/** What became of the rounds of one kind. */
export interface Row {
  readonly kind: string;
  readonly rounds: number;
  readonly injections: number;
  readonly operations: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly violations: number;
  readonly control: Control;
  readonly seconds: number;
  /** Why it was left out, where it was. */
  readonly skipped?: string;
}

export interface Control {
  /** Violations of the naive consume, by check. */
  readonly found: Partial<Record<CheckName, number>>;
  readonly injections: number;
  /** Whether one of the checks has caught it that this kind is there for; where no fault strikes, whether it was left alone. */
  readonly asExpected: boolean | undefined;
}

export interface FailedRound {
  readonly kind: string;
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly journal: string;
  readonly replay: string;
}

export interface Outcome {
  readonly rows: readonly Row[];
  readonly failed: readonly FailedRound[];
  readonly postgres: string;
}

/** Plays every kind, and its control, one round after the other: on one cluster, or on one with a small disk where it takes that. */
export async function playCampaign(options: CampaignOptions): Promise<Outcome> {
  mkdirSync(options.folder, { recursive: true });
  const places: Record<"own" | "small", Kind[]> = { own: [], small: [] };
  for (const kind of options.kinds) places[kind.smallDisk === true ? "small" : "own"].push(kind);
  const outcomes: Outcome[] = [];
  if (places.own.length > 0) outcomes.push(await playPlace(options, "own", places.own));
  if (places.small.length > 0) outcomes.push(await playPlace(options, "small", places.small));
  const order = options.kinds.map(({ name }) => name);
  return {
    rows: outcomes.flatMap(({ rows }) => rows).toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind)),
    failed: outcomes.flatMap(({ failed }) => failed),
    postgres: outcomes[0]?.postgres ?? "unknown",
  };
}

const smallDiskMegabytes = 256;

async function playPlace(options: CampaignOptions, place: "own" | "small", kinds: readonly Kind[]): Promise<Outcome> {
  const closing = new Closing();
  try {
    const parent = place === "small" ? await mountSmallDisk(closing, smallDiskMegabytes) : undefined;
    if (place === "small" && parent === undefined) {
      return {
        rows: kinds.map((kind) => skippedRow(kind, "a tmpfs cannot be mounted here")),
        failed: [],
        postgres: "",
      };
    }
    const cluster = await startCluster(closing, parent);
    const [version] = await query(cluster.superUrl, "SELECT current_setting('server_version') AS version");
    const sound = await playScene(options, cluster, { place, naive: false }, (stand) => stand.playAll(kinds));
    const controls =
      options.controlRounds === 0
        ? []
        : await playScene(options, cluster, { place, naive: true }, (stand) => stand.playControls(kinds));
    const rows = sound.rows.map((row, at) => ({ ...row, control: controls[at] ?? row.control }));
    return { rows, failed: sound.failed, postgres: String(version?.["version"]) };
  } finally {
    await closing.close();
  }
}

/** Plays on a scene of its own. The service and its control are not played at once: the machine is not theirs alone. */
async function playScene<Result>(
  options: CampaignOptions,
  cluster: Cluster,
  { place, naive }: { place: string; naive: boolean },
  play: (stand: Stand) => Promise<Result>,
): Promise<Result> {
  const closing = new Closing();
  try {
    const name = naive ? "faults_naive" : "faults_service";
    const folder = path.join(options.folder, `${place}-${name}`);
    const scene = await setScene(closing, cluster, { name, folder, random: new Seeded(options.seed), naive });
    return await play(new Stand(options, scene, place));
  } finally {
    await closing.close();
  }
}

/** Plays kinds on one scene, one round after the other. */
class Stand {
  readonly #options: CampaignOptions;
  readonly #scene: Scene;
  readonly #place: string;
  readonly #failed: FailedRound[] = [];
  readonly #known = new Set<string>();
  #witness: Witness | undefined;
  #number = 0;

  constructor(options: CampaignOptions, scene: Scene, place: string) {
    this.#options = options;
    this.#scene = scene;
    this.#place = place;
  }

  async playAll(kinds: readonly Kind[]): Promise<{ rows: Row[]; failed: readonly FailedRound[] }> {
    const rows: Row[] = [];
    for (const kind of kinds) rows.push(await this.#kind(kind));
    return { rows, failed: this.#failed };
  }

  async playControls(kinds: readonly Kind[]): Promise<Control[]> {
    const controls: Control[] = [];
    for (const kind of kinds) controls.push(await this.#control(kind));
    return controls;
  }

  async #kind(kind: Kind): Promise<Row> {
    const began = performance.now();
    const { rounds, seed } = this.#options;
    const results: RoundResult[] = [];
    for (let round = 0; round < rounds; round += 1) results.push(await this.#round(kind, seedOfRound(seed, round)));
    const sum = (field: "injections" | "operations" | "acknowledged" | "unknown") =>
      results.reduce((total, result) => total + result[field], 0);
    return {
      kind: kind.name,
      rounds,
      injections: sum("injections"),
      operations: sum("operations"),
      acknowledged: sum("acknowledged"),
      unknown: sum("unknown"),
      violations: results.reduce((total, { violations }) => total + violations.length, 0),
      control: notPlayed,
      seconds: Math.round((performance.now() - began) / 100) / 10,
    };
  }

  /** The naive consume under the same fault, until the checks that the kind is there for have caught it. */
  async #control(kind: Kind): Promise<Control> {
    const { controlRounds, seed } = this.#options;
    const found: Partial<Record<CheckName, number>> = {};
    let injections = 0;
    const caught = (): boolean => kind.caughtBy.some((check) => (found[check] ?? 0) > 0);
    for (let round = 0; round < controlRounds && !caught(); round += 1) {
      const result = await this.#round(kind, seedOfRound(seed, round));
      injections += result.injections;
      for (const { check } of result.violations) found[check] = (found[check] ?? 0) + 1;
      if (kind.caughtBy.length === 0) break;
    }
    return { found, injections, asExpected: kind.caughtBy.length > 0 ? caught() : Object.keys(found).length === 0 };
  }

  async #round(kind: Kind, seed: number): Promise<RoundResult> {
    const { folder, tell } = this.#options;
    const { naive } = this.#scene;
    const injections = (naive ? this.#options.controlInjections : undefined) ?? this.#options.injections;
    this.#number += 1;
    const name = `${this.#place}${this.#number}-${kind.name}${naive ? "-naive" : ""}`;
    // What the naive consume leaves behind is not held against its next round.
    const witness = naive ? undefined : this.#witness;
    const result = await playRound(this.#scene, kind, { name, seed, injections, folder, witness });
    this.#witness = result.witness;
    const { journal } = result;
    const violations = result.violations.filter((one) => this.#isNew(one));
    tell(
      `${name}: seed ${seed}, ${result.injections} injections, ${result.operations} operations, ` +
        `${result.acknowledged} acknowledged, ${result.unknown} unknown, ${violations.length} violations`,
    );
    if (violations.length > 0 && !naive) {
      const replay = `npm run faults -- --seed ${seed} --kind ${kind.name} --rounds 1 --injections ${injections}`;
      this.#failed.push({ kind: kind.name, seed, violations, journal, replay });
    }
    return { ...result, violations };
  }

  /** A violation stays in the tables: it is held against the round that it came up in. */
  #isNew({ check, what }: Violation): boolean {
    const known = this.#known.has(what);
    this.#known.add(what);
    return !known || check === "well";
  }
}

const notPlayed: Control = { found: {}, injections: 0, asExpected: undefined };

function skippedRow(kind: Kind, skipped: string): Row {
  const none = { rounds: 0, injections: 0, operations: 0, acknowledged: 0, unknown: 0, violations: 0, seconds: 0 };
  return { kind: kind.name, ...none, control: notPlayed, skipped };
}
