// Loaded into a service before it starts (`node --import`): numbers the statements of the first run that the process takes
// up, writes them down, and ends or stops the process by a signal at one of them, before it is sent or after its answer came.
import { appendFileSync } from "node:fs";
import process from "node:process";
import pg from "pg";

interface Orders {
  /** Where the statements are written down, a line of JSON each. */
  readonly record?: string;
  readonly at?: number;
  /** In place of a number: a part of the statement's text, and the how many-th of its kind it is. */
  readonly match?: string;
  readonly nth?: number;
  readonly when?: "before" | "after";
  /** SIGKILL if absent. */
  readonly signal?: NodeJS.Signals;
}

const orders = JSON.parse(process.env["KILL_POINT"] ?? "{}") as Orders;
const claims = /claim_no = claim_no \+ 1/;
let number = 0;
let counting = false;
let matched = 0;

const die = (): void => void process.kill(process.pid, orders.signal ?? "SIGKILL");
const isDue = (text: string): boolean => {
  if (orders.match === undefined) return number === orders.at;
  return text.includes(orders.match) && (matched += 1) === (orders.nth ?? 1);
};
type Query = (this: pg.Client, ...given: unknown[]) => unknown;
const client = pg.Client.prototype as unknown as { query: Query };
const { query } = client;

client.query = function (this: pg.Client, ...given: unknown[]): unknown {
  const [first] = given as [string | { readonly text?: string; readonly submit?: unknown }];
  const text = typeof first === "string" ? first : first.submit === undefined ? (first.text ?? "") : "";
  // A COPY: it is answered by a stream, and not counted.
  if (text === "") return query.apply(this, given);
  if (!counting && !claims.test(text)) return query.apply(this, given);
  const own = counting ? (number += 1) : 0;
  if (own > 0 && orders.record !== undefined) {
    const { database } = this as unknown as { database: string };
    appendFileSync(orders.record, `${JSON.stringify({ number: own, database, text: text.replace(/\s+/g, " ") })}\n`);
  }
  const due = own > 0 && isDue(text);
  if (due && orders.when === "before") die();
  const answer = query.apply(this, given) as Promise<{ rowCount: number | null }>;
  return answer.then((result) => {
    // The statement that has taken a run up is the last one that is not counted.
    if (!counting && claims.test(text) && (result.rowCount ?? 0) > 0) counting = true;
    if (due && orders.when === "after") die();
    return result;
  });
};
