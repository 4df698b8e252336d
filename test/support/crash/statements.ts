import process from "node:process";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";

/** When something happens to a statement: before it is sent, once it is on its way, or once its answer has come. */
export type Moment = "before" | "during" | "after";

/** A statement of a run, by its place among all that are sent for it. */
export interface Statement {
  readonly number: number;
  readonly database: string;
  /** With its white space made even. */
  readonly text: string;
}

/** Where a process is to end; `text` is what must be found there. */
export interface Death {
  readonly number: number;
  readonly moment: Moment;
  readonly text: string;
}

/** The connection that a statement goes over, as far as anybody needs it here. */
export interface Connection {
  readonly database: string;
  readonly processID: number;
  readonly connectionParameters: { readonly application_name?: string };
}

export interface Watcher {
  /** The count that the statement is a part of; undefined for one that is no part of any. */
  numberOf(text: string, connection: Connection): string | undefined;
  /**
   * A promise that never settles keeps the statement, or its answer, from going on. An error after the answer stands in
   * its place: the answer is lost.
   */
  at(moment: Moment, statement: Statement, connection: Connection): Promise<void> | void;
}

type Query = (this: pg.Client, ...given: unknown[]) => Promise<unknown>;
/** Where pg keeps the one function through which every statement of a client goes, a pool's clients too. */
export const wire = pg.Client.prototype as unknown as { query: Query };

export function textOf(given: unknown): string {
  const text = typeof given === "string" ? given : (given as { text?: string }).text;
  return (text ?? "").replace(/\s+/g, " ").trim();
}

/** Keeps a statement, or its answer, from ever going on. */
export const never = new Promise<void>(() => {});

/**
 * Numbers the statements that this process sends from now on, and tells the watcher of each.
 * @returns ends it
 */
export function watchStatements(watcher: Watcher): () => void {
  const { query } = wire;
  const counts = new Map<string, number>();
  wire.query = function (...given) {
    const connection = this as unknown as Connection;
    const text = textOf(given[0]);
    const count = watcher.numberOf(text, connection);
    if (count === undefined) return query.apply(this, given);
    if (typeof given.at(-1) === "function") throw new Error(`cannot be watched: ${text}`);
    const number = (counts.get(count) ?? 0) + 1;
    counts.set(count, number);
    const statement = { number, database: connection.database, text };
    const at = async (moment: Moment): Promise<void> => watcher.at(moment, statement, connection);
    const send = () => query.apply(this, given);
    return isStream(given[0]) ? (watchedStream(send, at) as unknown as Promise<unknown>) : watchedAnswer(send, at);
  };
  return () => {
    wire.query = query;
  };
}

type Send = () => Promise<unknown>;
type At = (moment: Moment) => Promise<void>;

async function watchedAnswer(send: Send, at: At): Promise<unknown> {
  await at("before");
  const answer = send();
  // Its error is dealt with below; until then nobody waits for it.
  answer.catch(() => undefined);
  await at("during");
  try {
    return await answer;
  } finally {
    await at("after");
  }
}

/** A COPY is answered by a stream at once: it says nothing before the statement is sent, and ends after its answer. */
function watchedStream(send: Send, at: At): Readable {
  const through = new PassThrough();
  const flow = async (): Promise<void> => {
    await at("before");
    const copied = pipeline(send() as unknown as Readable, through, { end: false });
    copied.catch(() => undefined);
    await at("during");
    try {
      await copied;
    } finally {
      await at("after");
    }
    through.end();
  };
  flow().catch((error: unknown) => through.destroy(error as Error));
  return through;
}

/** What pg hands its connection to, in place of a text: for COPY, a stream. */
export function isStream(given: unknown): boolean {
  return typeof (given as { submit?: unknown } | undefined)?.submit === "function";
}

/** Whether it is here that the process is to end. It ends at once, and says so, where another statement is found here. */
export function isDue(die: Death, moment: Moment, statement: Statement): boolean {
  if (die.number !== statement.number || die.moment !== moment) return false;
  if (die.text === statement.text) return true;
  process.stderr.write(`found ${statement.text}\nin place of ${die.text}\n`);
  return process.exit(1);
}
