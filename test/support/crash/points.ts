import { readFile } from "node:fs/promises";
import path from "node:path";
import { playService, playVictims, spawnActor } from "./actors.ts";
import type { Target } from "../runs.ts";
import { claims } from "./orders.ts";
import { type Copy, copyScene, type End, endOf, eventually, lapse, startSurvivor, untilEnded } from "./play.ts";
import { type Scene, scoped } from "./scene.ts";
import type { Moment, Statement } from "./statements.ts";

/** A run that nothing happened to: what was sent for it, and how it ended. */
export interface Recorded {
  readonly statements: readonly Statement[];
  readonly end: End;
}

/** Has the service play the run with nothing happening to it, and writes down each statement from its claim to its end. */
export async function record(
  scene: Scene,
  { naive = false, target }: { naive?: boolean; target?: Target } = {},
): Promise<Recorded> {
  return scoped(async (t) => {
    const copy = await copyScene(t, scene, target);
    const file = path.join(scene.folder, `statements-${copy.stage.names.name}`);
    const service = await spawnActor(t, copy, { record: file, naive });
    await untilEnded(copy);
    const lines = async (): Promise<string[]> => (await readFile(file, "utf8")).trimEnd().split("\n");
    // When the run has ended it looks for work again: there is no further statement of the run then.
    const looks = async (): Promise<number> => (await lines()).filter((line) => claims.test(line)).length;
    await eventually("the process looks for more work", async () => (await looks()) > 1);
    // Code that was compiled is kept when a process ends by itself, and those after it start sooner.
    await service.kill("SIGTERM");
    const all = (await lines()).map((line) => JSON.parse(line) as Statement);
    const next = all.findIndex(({ text }, place) => place > 0 && claims.test(text));
    return { statements: all.slice(0, next - 1), end: await endOf(copy) };
  });
}

export interface Point {
  readonly statement: Statement;
  readonly moment: Moment;
}

export function nameOf({ statement, moment }: Point): string {
  return `${moment} ${statement.number}: ${statement.text.slice(0, 90)}`;
}

/** The run with the service killed at the point, and another one taking over. @returns how it ended */
export function playPoint(scene: Scene, point: Point, options: { naive?: boolean } = {}): Promise<End> {
  return scoped(async (t) => {
    const copy = await copyScene(t, scene);
    await playService(t, copy, { die: deathAt(point), ...options });
    return takeOver(t, copy, point);
  });
}

/** The same for several points, with one process for all of them. @returns how each of them ended, or why it did not */
export function playPoints(
  scene: Scene,
  points: readonly Point[],
  options: { naive?: boolean } = {},
): Promise<PromiseSettledResult<End>[]> {
  return scoped(async (t) => {
    const plays: { point: Point; copy: Copy }[] = [];
    for (const point of points) plays.push({ point, copy: await copyScene(t, scene) });
    const orders = { ...options, tally: scene.kind === "tally" };
    const deaths = plays.map(({ point, copy }) => ({ copy, die: deathAt(point) }));
    await playVictims(t, scene.folder, orders, deaths);
    const ended: PromiseSettledResult<End>[] = [];
    for (const { point, copy } of plays) {
      ended.push(...(await Promise.allSettled([scoped((own) => takeOver(own, copy, point))])));
    }
    return ended;
  });
}

function deathAt({ statement: { number, text }, moment }: Point) {
  return { number, text, moment };
}

async function takeOver(t: Parameters<typeof startSurvivor>[0], copy: Copy, point: Point): Promise<End> {
  // Every second one finds the lease of the dead still held, and adopts it.
  await lapse(copy, point.statement.number % 2 === 0);
  startSurvivor(t, copy);
  await untilEnded(copy);
  return endOf(copy);
}
