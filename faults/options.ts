import { kinds, type Kind } from "./kinds/index.ts";

export interface Options {
  readonly rounds: number;
  readonly injections: number;
  readonly seed: number;
  readonly kinds: readonly Kind[];
  readonly controls: boolean;
  readonly keep: boolean;
}

export const usage = `usage: npm run faults -- [--rounds N] [--injections N] [--seed S] [--kind K]... [--no-controls] [--keep]
kinds: ${kinds.map(({ name }) => name).join(", ")}`;

const numbers = { "--rounds": [1, 100_000], "--injections": [1, 50], "--seed": [0, 2 ** 31 - 1] } as const;

/** @throws Error saying what is wrong with the words */
export function readOptions(words: readonly string[]): Options {
  const given = { "--rounds": 1, "--injections": 4, "--seed": Math.floor(Math.random() * 2 ** 31) };
  const chosen: Kind[] = [];
  let controls = true;
  let keep = false;
  const rest = words.flatMap((word) => (/^--\w[\w-]*=/.test(word) ? word.split(/=(.*)/s, 2) : [word]));
  while (rest.length > 0) {
    const word = rest.shift() ?? "";
    if (word === "--keep") keep = true;
    else if (word === "--no-controls") controls = false;
    else if (word === "--kind") chosen.push(kindNamed(rest.shift()));
    else if (word in numbers)
      given[word as keyof typeof numbers] = numberOf(word as keyof typeof numbers, rest.shift());
    else throw new Error(`${word} is not known`);
  }
  return {
    rounds: given["--rounds"],
    injections: given["--injections"],
    seed: given["--seed"],
    kinds: chosen.length > 0 ? chosen : kinds,
    controls,
    keep,
  };
}

function kindNamed(name: string | undefined): Kind {
  const kind = kinds.find((one) => one.name === name);
  if (kind === undefined) throw new Error(`there is no kind ${name ?? "without a name"}`);
  return kind;
}

function numberOf(word: keyof typeof numbers, text: string | undefined): number {
  const [least, most] = numbers[word];
  const value = /^\d{1,10}$/.test(text ?? "") ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new Error(`${word} takes a number from ${least} to ${most}`);
  return value;
}
