import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import pg from "pg";
import type { Test } from "tap";
import { setStage, spawnService } from "../../support/service.ts";
import type { Command } from "./commands.ts";
import { disagreement } from "./expectation.ts";
import { ReferenceModel } from "./model.ts";
import { Player, type Theatre } from "./player.ts";
import { readRows } from "./rows.ts";
import type { Site } from "./scenery.ts";
import { sequences } from "./sequences.ts";
import { makeClock, shareKeys, Worlds } from "./stage-hands.ts";

export interface Report {
  /** How many sequences were played to their end. */
  sequences: number;
  commands: number;
  /** How often each answer was given: `consume REGISTRATION_HOLD`. */
  readonly answers: Map<string, number>;
  /** The first disagreement, with its shrunk sequence. */
  failure: string | undefined;
}

export const emptyReport = (): Report => ({ sequences: 0, commands: 0, answers: new Map(), failure: undefined });

/** Sequences at the same time, each in a world of its own. */
const sideBySide = 12;
/** Every so many sequences, one is played alone, since it may stop everything. */
const aloneEvery = 25;

/**
 * Plays random sequences against the service over HTTP and against the reference model, and compares every answer and
 * every final row. The same seed and count play the same sequences.
 * @param report what came of it is added to this; after a disagreement nothing more is played
 */
export async function compareWithModel(
  t: Test,
  report: Report,
  options: { readonly sequences: number; readonly seed: number },
): Promise<void> {
  const theatre = await openTheatre(t);
  const alone = Math.ceil(options.sequences / aloneEvery);
  const work = (runs: number, worker: number, sites: Share["sites"]) =>
    playShare(theatre, report, { runs, seed: derivedSeed(options.seed, worker), sites });
  const shares = split(options.sequences - alone, sideBySide);
  await Promise.all(shares.map((runs, worker) => work(runs, worker, [0, 0, 1])));
  await work(alone, sideBySide, [0, 1, null]);
}

interface OpenTheatre extends Theatre {
  readonly worlds: Worlds;
  /** As the owner of the tables. */
  readonly owner: pg.Pool;
}

async function openTheatre(t: Test): Promise<OpenTheatre> {
  const stage = await setStage(t);
  const service = await spawnService(t, stage, {
    POOL_SIZE: String(sideBySide),
    RATE_LIMIT_MAX: "1000000000",
    TOKEN_CACHE_MS: "60000",
    MAX_EVENT_LOOP_DELAY_MS: "0",
    // The sweep is part of the weather: what it does shows nowhere but in the rows that it marks.
    SWEEP_INTERVAL_MS: "250",
  });
  const owner = new pg.Pool({ connectionString: stage.names.ownerUrl, max: 4 });
  t.teardown(() => owner.end());
  const keys = await shareKeys(service);
  return { service, keys, clock: await makeClock(t, stage), worlds: new Worlds(stage), owner };
}

interface Share {
  readonly runs: number;
  readonly seed: number;
  readonly sites: readonly (Site | null)[];
}

async function playShare(theatre: OpenTheatre, report: Report, { runs, seed, sites }: Share): Promise<void> {
  const property = fc.asyncProperty(sequences(sites), async (commands) => {
    // Once another worker has found a disagreement there is no more to find out.
    if (report.failure === undefined) await play(theatre, report, commands);
  });
  const found = await fc.check(property, { seed, numRuns: runs });
  if (!found.failed) return;
  const [shrunk = []] = found.counterexample ?? [];
  const commands = shrunk.map((command) => `  ${JSON.stringify(command)}`);
  const why = found.errorInstance instanceof Error ? found.errorInstance.message : String(found.errorInstance);
  report.failure ??= `${why}\nafter, shrunk ${found.numShrinks} times:\n${commands.join("\n")}`;
}

/** Plays one sequence in a world of its own. @throws Error at the first disagreement */
async function play(theatre: OpenTheatre, report: Report, commands: readonly Command[]): Promise<void> {
  const world = await theatre.worlds.take();
  const model = new ReferenceModel(world.scene);
  const player = new Player(theatre, world, model);
  try {
    for (const command of commands) {
      await step(player, model, command, report);
    }
    const rows: Record<string, unknown> = await readRows(theatre.owner, world.scene, player.memory);
    for (const [table, due] of Object.entries(model.rows())) {
      const [found, wanted] = [rows[table], due].map((content) => JSON.stringify(content));
      if (!isDeepStrictEqual(rows[table], due)) throw new Error(`${table}: ${found}\n must be ${wanted}`);
    }
  } finally {
    await player.leave();
  }
  report.sequences += 1;
}

async function step(player: Player, model: ReferenceModel, command: Command, report: Report): Promise<void> {
  const answer = await player.send(command);
  const payload = command.do === "payload" && command.grant !== "D" ? player.payload(command.grant) : undefined;
  const expected = model.predict(command);
  report.commands += 1;
  if (answer === undefined || expected === undefined) return;
  const label = `${command.do} ${expected.label}`;
  report.answers.set(label, (report.answers.get(label) ?? 0) + 1);
  const fault =
    disagreement(expected, answer, player.memory) ??
    (expected.payloadOf !== undefined && answer.text !== payload ? `the body must be ${payload}` : undefined);
  if (fault === undefined) return;
  throw new Error(`${JSON.stringify(command)}: ${fault}\nanswered: ${answer.status} ${answer.text}`);
}

function split(count: number, ways: number): number[] {
  return Array.from({ length: ways }, (_, way) => Math.floor((count + way) / ways));
}

/** A seed of its own for each part: those of neighbours make sequences that have nothing in common. */
export function derivedSeed(seed: number, part: number): number {
  return Math.imul(seed ^ Math.imul(part + 1, 0x9e3779b1), 0x85ebca6b) | 0;
}
