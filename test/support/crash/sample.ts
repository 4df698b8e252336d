import type { Options } from "./options.ts";
import type { Point } from "./points.ts";
import type { Moment, Statement } from "./statements.ts";

/** The statement at each of the moments. */
export function pointsAt(statement: Statement, moments: readonly Moment[]): Point[] {
  return moments.map((moment) => ({ statement, moment }));
}

/** Before and after every statement. */
export function allPoints(statements: readonly Statement[]): Point[] {
  return statements.flatMap((one) => pointsAt(one, ["before", "after"]));
}

/**
 * A third of the COMMITs, before or after; every statement of the transaction that burns the grant; and a random part of the others.
 * Before a statement is where the one before it has been answered, so one moment stands for both where only a part is played.
 * @param part of the others, from 0 to 1
 */
export function samplePoints(statements: readonly Statement[], part: number, { random, pick }: Options): Point[] {
  const burning = transactionOf(statements, /INSERT INTO grant_receipts/);
  return statements.flatMap((statement): Point[] => {
    const moment = pick(["before", "after"] as const);
    return random() < (isCommit(statement) ? 0.33 : part) || burning.includes(statement) ? [{ statement, moment }] : [];
  });
}

export function isCommit({ text }: Statement): boolean {
  return text.endsWith("COMMIT");
}

/** The transaction with the statement, from its BEGIN to its COMMIT. @throws Error where there is none */
export function transactionOf(statements: readonly Statement[], which: RegExp): readonly Statement[] {
  const place = statements.findIndex(({ text }) => which.test(text));
  if (place < 0) throw new Error(`nothing like ${which} was sent`);
  const from = statements.findLastIndex(({ text }, at) => at < place && /(?:^|; )BEGIN/.test(text));
  const to = statements.findIndex((statement, at) => at > place && isCommit(statement));
  return statements.slice(from, to + 1);
}

/** Works on the items, so many at a time. */
export async function inLanes<Item>(
  items: readonly Item[],
  lanes: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

export function batchesOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}
