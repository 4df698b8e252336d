import { kinds, type Kind } from "./kinds/index.ts";

export interface Options {
  readonly rounds: number;
  readonly injections: number;
  readonly total: number | undefined;
  readonly seed: number;
  readonly atOnce: number;
  readonly kinds: readonly Kind[];
  readonly controls: boolean;
  readonly keep: boolean;
  readonly report: string | undefined;
}

export const usage = `usage: npm run faults -- [--rounds N | --total N] [--injections N] [--seed S] [--kind K]... [--at-once N]
                         [--no-controls] [--keep] [--report FILE.md]
kinds: ${kinds.map(({ name }) => name).join(", ")}`;

const numbers = {
  "--rounds": [1, 100_000],
  "--injections": [1, 50],
  "--total": [1, 1_000_000],
  "--seed": [0, 2 ** 31 - 1],
  "--at-once": [1, 32],
} as const;
type NumberWord = keyof typeof numbers;

/** @throws Error saying what is wrong with the words */
export function readOptions(words: readonly string[]): Options {
  const given: Partial<Record<NumberWord, number>> = {};
  const chosen: Kind[] = [];
  let controls = true;
  let keep = false;
  let report: string | undefined;
  const rest = words.flatMap((word) => (/^--\w[\w-]*=/.test(word) ? word.split(/=(.*)/s, 2) : [word]));
  while (rest.length > 0) {
    const word = rest.shift() ?? "";
    if (word === "--keep") keep = true;
    else if (word === "--no-controls") controls = false;
    else if (word === "--kind") chosen.push(kindNamed(rest.shift()));
    else if (word === "--report") report = fileNamed(rest.shift());
    else if (word in numbers) given[word as NumberWord] = numberOf(word as NumberWord, rest.shift());
    else throw new Error(`${word} is not known`);
  }
  if (given["--total"] !== undefined && given["--rounds"] !== undefined) {
    throw new Error("--rounds and --total exclude each other");
  }
  return { ...lengthOf(given), kinds: chosen.length > 0 ? chosen : kinds, controls, keep, report };
}

function lengthOf(given: Partial<Record<NumberWord, number>>) {
  const total = given["--total"];
  return {
    rounds: given["--rounds"] ?? 1,
    injections: given["--injections"] ?? (total === undefined ? 4 : 10),
    total,
    seed: given["--seed"] ?? Math.floor(Math.random() * 2 ** 31),
    atOnce: given["--at-once"] ?? (total === undefined ? 1 : 2),
  };
}

function kindNamed(name: string | undefined): Kind {
  const kind = kinds.find((one) => one.name === name);
  if (kind === undefined) throw new Error(`there is no kind ${name ?? "without a name"}`);
  return kind;
}

function fileNamed(name: string | undefined): string {
  if (name === undefined || !name.endsWith(".md"))
    throw new Error("--report takes the name of a file that ends in .md");
  return name;
}

function numberOf(word: NumberWord, text: string | undefined): number {
  const [least, most] = numbers[word];
  const value = /^\d{1,10}$/.test(text ?? "") ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new Error(`${word} takes a number from ${least} to ${most}`);
  return value;
}
