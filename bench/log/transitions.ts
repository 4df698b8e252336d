import type { EmbeddedServer } from "../../src/database/embedded/index.ts";
import { consumeAsk, mintAsk } from "../grants/asks.ts";
import { type Ask, overHttp } from "../grants/load.ts";
import { type Base, copyBase, onceAs, type Place } from "../grants/place.ts";
import { type Stock, stockUp } from "../grants/seed.ts";
import { Comparison, inRounds } from "../support/results.ts";
import { type Behind, caughtUp, watchLog } from "./backlog.ts";
import { makeLogBase, startLogService } from "./place.ts";

export interface TransitionOptions {
  readonly rounds: number;
  readonly connections: number;
  /** Counted in one measurement; as many go before it, so that what is sealed meanwhile is as much as what comes in. */
  readonly consumes: number;
  readonly mints: number;
}

/** What was seen of the log while transitions went on. */
export interface Kept {
  readonly what: string;
  readonly at: readonly Behind[];
  /** How long after the load the log had all, in seconds. */
  readonly allAfter: number;
}

interface Contender {
  readonly who: string;
  readonly place: Place;
  readonly seals: boolean;
  /** How much of the stock it has used. */
  readonly used: { consume: number; mint: number };
}

export const sealing = "sealing on";
export const questions = ["consume", "mint"] as const;
type Question = (typeof questions)[number];

/** Transitions with the log being sealed by the same process, beside the same with nobody who seals. */
export async function playTransitions(server: EmbeddedServer, options: TransitionOptions) {
  const turns = options.rounds + 1;
  const needed = (count: number): number => turns * 2 * count;
  const first = await makeLogBase(server, "bench_log_stock");
  const stock = await stockUp(first, { grants: needed(options.consumes), requests: needed(options.mints) });
  const copy = (name: string): Promise<Base> => copyBase(server, first, name);
  const places: Place[] = [];
  try {
    const start = async (who: string, name: string, seals: boolean): Promise<Contender> => {
      const place = await startLogService(await copy(name), seals ? undefined : 0);
      places.push(place);
      return { who, place, seals, used: { consume: 0, mint: 0 } };
    };
    const contenders = [await start(sealing, "bench_log_on", true), await start("sealing off", "bench_log_off", false)];
    await onceAs(server.url("postgres"), "CHECKPOINT");
    const comparison = new Comparison({ own: sealing, unit: "a second", axis: "connections" });
    const kept: Kept[] = [];
    for (const what of questions) {
      await inRounds(contenders, { rounds: options.rounds }, async (contender, _round, counts) => {
        const { value, beside, seen } = await turn(contender, what, stock, options);
        if (!counts) return;
        comparison.add({ what, who: contender.who, at: options.connections, value, beside });
        if (seen !== undefined) kept.push({ what, ...seen });
      });
    }
    return { comparison, kept };
  } finally {
    for (const place of places.toReversed()) await place.close();
  }
}

async function turn(contender: Contender, what: Question, stock: Stock, options: TransitionOptions) {
  const { place, seals } = contender;
  const count = what === "consume" ? options.consumes : options.mints;
  const asks = take(contender, what, stock, 2 * count);
  const token = what === "mint" ? place.dispatcher : place.token;
  await overHttp(place.url, token, options.connections, asks.slice(0, count));
  // Both are watched, so that it costs both the same.
  const watch = await watchLog(place.superUrl);
  const { rate, p50, p99 } = await overHttp(place.url, token, options.connections, asks.slice(count));
  const at = await watch.stop();
  // What is left is sealed before the other has its turn.
  const seen = seals ? { at, allAfter: await caughtUp(place.superUrl) } : undefined;
  return { value: rate, beside: { "p50, ms": p50, "p99, ms": p99 }, seen };
}

function take({ used }: Contender, what: Question, stock: Stock, count: number): readonly Ask[] {
  const from = used[what];
  used[what] += count;
  return what === "mint"
    ? stock.requests.slice(from, from + count).map(mintAsk)
    : stock.grants.slice(from, from + count).map(consumeAsk);
}

/** The most and the last of what was seen, of each question. */
export function keptRows(kept: readonly Kept[]): object[] {
  return questions.flatMap((what) => {
    const rounds = kept.filter((one) => one.what === what);
    const all = rounds.flatMap(({ at }) => at);
    if (all.length === 0) return [];
    const ends = rounds.flatMap(({ at }) => at.slice(-1));
    const most = (values: readonly number[]): number => Math.max(...values);
    return [
      {
        "while these went on": what,
        looks: all.length,
        "unsealed events, most": most(all.map(({ events }) => events)),
        "oldest of them, s, most": Number(most(all.map(({ age }) => age)).toFixed(2)),
        "unsealed at the end, most": most(ends.map(({ events }) => events)),
        "all sealed after, s, most": Number(most(rounds.map(({ allAfter }) => allAfter)).toFixed(2)),
      },
    ];
  });
}
