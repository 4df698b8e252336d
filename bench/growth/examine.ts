import { setTimeout as pause } from "node:timers/promises";
import { play, type Operation } from "./operations.ts";
import type { Place } from "./place.ts";
import { type Executed, Log, plansIn, stopTelling, tellPlans, wholeReads } from "./plans.ts";

/** What an operation does to the database, from the plans of its statements as they were carried out. */
export interface Examined {
  readonly operation: string;
  readonly size: number;
  /** Statements and pages a request: of one that comes alone, and of 64 that come together. */
  readonly alone: Cost;
  readonly together: Cost;
  readonly statements: readonly Statement[];
  /** Why it does not stand up to growth. */
  readonly faults: readonly string[];
}

/** One of its statements, over all the times that it was carried out. */
interface Statement {
  readonly text: string;
  readonly times: number;
  /** Pages, at the most. */
  readonly pages: number;
  readonly ways: readonly string[];
}

interface Cost {
  readonly statements: number;
  readonly pages: number;
  /** The longest way of one of them to its rows. */
  readonly most: number;
}

const together = 64;
const inTurn = 8;

/**
 * Has a process of the service whose plans are told answer every operation alone and 64 at once.
 * @param first what the same operations cost at the first size; undefined when this is it
 * @param logFile of the server
 */
export async function examine(
  place: Place,
  size: number,
  operations: readonly Operation[],
  { logFile, first }: { logFile: string; first: readonly Examined[] | undefined },
): Promise<Examined[]> {
  // Whatever the bench itself has to look up is behind it when the counters are read.
  const prepared = [];
  for (const operation of operations) {
    prepared.push({ operation, asks: await operation.asks(place, size, 2 * together + inTurn) });
  }
  await tellPlans(place);
  const before = await wholeReads(place);
  const log = new Log(logFile);
  const found: Examined[] = [await sweeps(place, size, log)];
  // From here on the service does nothing but answer.
  const service = await place.start(3_600_000, 0);
  try {
    await log.read();
    for (const { operation, asks } of prepared) {
      // Every session looks up once what the statements are about; those pages are nobody's.
      const refusals = [await refusalOf(play(place, service.url, together, asks.slice(0, together)))];
      const early = plansIn(await log.read());
      refusals.push(await refusalOf(play(place, service.url, together, asks.slice(together, 2 * together))));
      const crowd = plansIn(await log.read());
      refusals.push(await refusalOf(play(place, service.url, 1, asks.slice(2 * together))));
      const alone = plansIn(await log.read());
      const base = first?.find((one) => one.operation === operation.name);
      const costs = { alone: costOf(alone, inTurn), together: costOf(crowd, together) };
      const faults = [
        ...new Set(refusals.filter((refusal) => refusal !== "")),
        ...wholeTables([...early, ...alone, ...crowd]),
        ...(operation.most === undefined ? steeper(base, costs) : beyond(operation.most, costs)),
      ];
      found.push({
        operation: operation.name,
        size,
        ...costs,
        statements: statementsOf([...early, ...crowd, ...alone]),
        faults,
      });
    }
  } finally {
    await service.end();
    await stopTelling(place);
  }
  const after = await wholeReads(place);
  const read = [...after]
    .filter(([relation, times]) => times > (before.get(relation) ?? 0))
    .map(([relation]) => relation);
  if (read.length > 0) found.push(unseen(size, read));
  return found;
}

/** What the service does by itself, once it is there. */
async function sweeps(place: Place, size: number, log: Log): Promise<Examined> {
  await log.read();
  const service = await place.start(100, 0);
  let plans: Executed[] = [];
  try {
    // The last statement of a sweep has begun a second time: the first sweep is whole.
    while (plans.filter(({ text }) => /FROM os_proposal_approvals/.test(text)).length < 2) {
      await pause(50);
      plans = [...plans, ...plansIn(await log.read())];
    }
  } finally {
    await service.end();
  }
  const cost = costOf(plans, 2);
  return {
    operation: "sweeps",
    size,
    alone: cost,
    together: cost,
    statements: statementsOf(plans),
    faults: wholeTables(plans),
  };
}

/** What the counters have seen although no plan tells of it. */
function unseen(size: number, relations: readonly string[]): Examined {
  const none = { statements: 0, pages: 0, most: 0 };
  const faults = relations.map((relation) => `${relation} was read from end to end`);
  return { operation: "all of them", size, alone: none, together: none, statements: [], faults };
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "";
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 160) : String(error);
  }
}

function costOf(plans: readonly Executed[], requests: number): Cost {
  const own = plans.filter(({ nested }) => !nested);
  const pages = own.reduce((sum, plan) => sum + plan.pages, 0);
  return {
    statements: Number((own.length / requests).toFixed(2)),
    pages: Number((pages / requests).toFixed(1)),
    most: Math.max(0, ...own.map((plan) => plan.pages)),
  };
}

function statementsOf(plans: readonly Executed[]): Statement[] {
  const byText = Map.groupBy(plans, ({ text }) => text);
  return [...byText].map(([text, same]) => ({
    text: text.slice(0, 240),
    times: same.length,
    pages: Math.max(...same.map(({ pages }) => pages)),
    ways: [...new Set(same.flatMap(({ ways }) => ways.map(({ relation, how }) => `${relation}: ${how}`)))].toSorted(),
  }));
}

function wholeTables(plans: readonly Executed[]): string[] {
  const faults = plans.flatMap(({ text, ways }) =>
    ways.filter(({ whole }) => whole).map(({ relation }) => `Seq Scan on ${relation} by ${text.slice(0, 200)}`),
  );
  return [...new Set(faults)];
}

function beyond(most: number, { alone }: { alone: Cost }): string[] {
  return alone.pages <= most ? [] : [`${alone.pages} pages a request: more than ${most}`];
}

/** An index grows by a level when its table grows a hundredfold; what grows by more than that reads more rows. */
function steeper(base: Examined | undefined, costs: { alone: Cost; together: Cost }): string[] {
  if (base === undefined) return [];
  return (["alone", "together"] as const).flatMap((how) => {
    const [was, is] = [base[how].pages, costs[how].pages];
    return is <= 2 * was + 8 ? [] : [`${how}: ${is} pages a request instead of ${was}`];
  });
}
