/** Whether the model can do all that it describes: a property of steps that never happen says nothing. */
import { check, readModel } from "./spin.ts";

/** Where an alternative may be found, the smallest first. */
const scenarios: readonly (readonly string[])[] = [
  ["CALM", "ONE_RUN", "FAULTS=2", "STALLS=1", "CALLS=0"],
  ["FAULTS=1", "STALLS=0", "WRITES=1", "CALLS=2"],
  ["TWO_GRANTS", "ONE_RUN", "FAULTS=1", "STALLS=1", "CALLS=1"],
  ["MARKER_APART", "CALM", "ONE_RUN", "FAULTS=0", "STALLS=0", "CALLS=0"],
  ["TWO_GRANTS", "FAULTS=1", "STALLS=1", "WRITES=1", "CALLS=0"],
];

export interface Alternative {
  /** From 1. */
  readonly line: number;
  /** Where its guard ends in the text. */
  readonly at: number;
}

/** The alternatives of the model, by their guards: all but those that report a violation. */
export function alternatives(text: string): Alternative[] {
  const found: Alternative[] = [];
  let start = 0;
  for (const [index, line] of text.split("\n").entries()) {
    if (!line.startsWith("#") && !line.includes("/* never:")) {
      for (const { 0: guard, index: at } of line.matchAll(/::(?:(?!::).)*?->/g)) {
        found.push({ line: index + 1, at: start + at + guard.length });
      }
    }
    start += line.length + 1;
  }
  return found;
}

/**
 * Puts an assertion that fails behind each guard in turn, and has spin look for it.
 * @param tell is told of each alternative, and the scenario in which it is come to
 * @returns the alternatives that nothing comes to
 */
export async function neverReached(tell: (line: number, where: string | undefined) => void): Promise<Alternative[]> {
  const text = await readModel();
  const never: Alternative[] = [];
  for (const one of alternatives(text)) {
    const probed = `${text.slice(0, one.at)} printf("VIOLATED REACHED: \\n"); assert(false);${text.slice(one.at)}`;
    const where = await firstOf(probed);
    tell(one.line, where);
    if (where === undefined) never.push(one);
  }
  return never;
}

async function firstOf(probed: string): Promise<string | undefined> {
  for (const switches of scenarios) {
    const variant = { name: "reach", switches, expected: { breaks: "REACHED" }, search: "any" } as const;
    if ((await check(variant, false, probed)).wrong === undefined) return switches.join(" ");
  }
  return undefined;
}
