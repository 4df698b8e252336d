import { compare, figure, type Ratio, ratioText, spread } from "./noise.ts";
import type { Plot, Series } from "./plot.ts";

/** One measurement: of one contender, in one round. */
export interface Sample {
  /** The question, as it stands over the picture. */
  readonly what: string;
  readonly who: string;
  /** Along the axis: connections, rows, processes; nothing for a question that is asked once. */
  readonly at?: number;
  readonly value: number;
  /** Beside the value, such as latencies; their medians become columns. */
  readonly beside?: Readonly<Record<string, number>>;
}

export interface Asked {
  /** The contender that the others are compared with: the ratio is its value to theirs. */
  readonly own: string;
  /** Of the values, such as "a second" or "ms". */
  readonly unit: string;
  /** What `at` counts. */
  readonly axis?: string;
}

interface Cell {
  readonly what: string;
  readonly who: string;
  readonly at: number | undefined;
  readonly samples: Sample[];
}

export interface Compared {
  readonly what: string;
  readonly at?: number;
  readonly who: string;
  readonly ratio: Ratio;
}

/** Collects what rounds measured, and makes of it the table, its ratios under the noise rule, and the pictures. */
export class Comparison {
  readonly #asked: Asked;
  readonly #cells = new Map<string, Cell>();

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  /** Samples of one contender come in the order of the rounds: the ratio pairs the first with the first. */
  add(sample: Sample): void {
    const { what, who, at } = sample;
    const key = JSON.stringify([what, at ?? null, who]);
    const cell = this.#cells.get(key) ?? { what, who, at, samples: [] };
    cell.samples.push(sample);
    this.#cells.set(key, cell);
  }

  /** Everything measured, for the file of results. */
  samples(): readonly Sample[] {
    return this.#ordered().flatMap((cell) => cell.samples);
  }

  /** The ratio of our own to every other. */
  ratios(): readonly Compared[] {
    return this.#ordered().flatMap((cell) => {
      const ratio = this.#ratio(cell);
      if (ratio === undefined) return [];
      return [{ what: cell.what, ...(cell.at === undefined ? {} : { at: cell.at }), who: cell.who, ratio }];
    });
  }

  rows(): object[] {
    const { own, unit, axis } = this.#asked;
    return this.#ordered().map((cell) => {
      const { median, least, most } = spread(cell.samples.map(({ value }) => value));
      const ratio = this.#ratio(cell);
      return {
        what: cell.what,
        ...(cell.at === undefined ? {} : { [axis ?? "at"]: cell.at }),
        who: cell.who,
        [unit]: Number(figure(median)),
        spread: `${figure(least)}-${figure(most)}`,
        ...beside(cell.samples),
        [`${own} to it`]: ratio === undefined ? "" : ratioText(ratio),
      };
    });
  }

  /** A picture for every question. */
  plots(): Plot[] {
    const { unit, axis } = this.#asked;
    const questions = [...new Set(this.#ordered().map(({ what }) => what))];
    return questions.map((what) => {
      const cells = this.#ordered().filter((cell) => cell.what === what);
      const names = [...new Set(cells.map(({ who }) => who))];
      const series = names.map((name): Series => {
        const points = cells
          .filter(({ who }) => who === name)
          .map(({ at, samples }) => ({
            ...(at === undefined ? {} : { at }),
            ...spread(samples.map(({ value }) => value)),
          }));
        return { name, points };
      });
      return { title: what, unit, ...(axis === undefined ? {} : { axis }), series };
    });
  }

  #ratio(cell: Cell): Ratio | undefined {
    const own = this.#cells.get(JSON.stringify([cell.what, cell.at ?? null, this.#asked.own]));
    if (own === undefined || own === cell) return undefined;
    return compare(
      own.samples.map(({ value }) => value),
      cell.samples.map(({ value }) => value),
    );
  }

  /** By question as they were first asked, then along the axis. */
  #ordered(): readonly Cell[] {
    const cells = [...this.#cells.values()];
    const questions = [...new Set(cells.map(({ what }) => what))];
    return cells.toSorted((a, b) => questions.indexOf(a.what) - questions.indexOf(b.what) || (a.at ?? 0) - (b.at ?? 0));
  }
}

function beside(samples: readonly Sample[]): Record<string, number> {
  const names = [...new Set(samples.flatMap((sample) => Object.keys(sample.beside ?? {})))];
  return Object.fromEntries(
    names.map((name) => {
      const values = samples.map((sample) => sample.beside?.[name]).filter((value) => value !== undefined);
      return [name, Number(figure(spread(values).median))];
    }),
  );
}
