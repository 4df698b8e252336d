import { createHash } from "node:crypto";
import type pg from "pg";

export interface QueryOptions {
  /** The statement is parsed and planned once a connection: for those of the hot path, whose text never varies. */
  readonly prepare?: boolean;
}

/** One open transaction. A mutation takes it as an argument and never reads outside it. */
export interface Tx {
  /** Statements that are asked for without waiting in between share a round trip; after a failed one, none is done. */
  query<R extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<{ rows: R[]; rowCount: number }>;
  /** Runs `work` under a savepoint; an error rolls back to it and is thrown on. */
  savepoint<T>(work: () => Promise<T>): Promise<T>;
}

/** What a transaction stands on. */
export interface Opened {
  readonly client: pg.PoolClient;
  /** Settled once the server has begun the transaction. */
  readonly begun: Promise<unknown>;
  /** Whether statements may be prepared on this connection. */
  readonly prepares: boolean;
  /** Whether the transaction has come to its end, or is being ended: its connection is about to be somebody else's. */
  readonly isOver: () => boolean;
}

/** The connection under each open transaction: for what no statement with values can do. */
const connections = new WeakMap<Tx, pg.PoolClient>();

/** @throws Error where the transaction is none of ours */
export function connectionOf(tx: Tx): pg.PoolClient {
  const client = connections.get(tx);
  if (client === undefined) throw new Error("that is no open transaction");
  return client;
}

/** The statements of a transaction that has been begun, or is being begun in the same round trip. */
export function transactionOn({ client, begun, prepares, isOver }: Opened): Tx {
  let depth = 0;
  const requireOpen = (): void => {
    if (isOver()) throw new Error("a statement was sent after its transaction was over");
  };
  const tx: Tx = {
    async query<R extends object>(text: string, values?: readonly unknown[], options?: QueryOptions) {
      requireOpen();
      const sent = send<R>(client, text, values, prepares && options?.prepare === true);
      // Where the transaction could not be begun, that is the error, and not what the statement met without it.
      const [, result] = await Promise.all([begun, sent]);
      return { rows: result.rows as R[], rowCount: result.rowCount ?? 0 };
    },
    async savepoint(work) {
      await begun;
      requireOpen();
      const name = `s${++depth}`;
      await client.query(`SAVEPOINT ${name}`);
      try {
        const result = await work();
        requireOpen();
        await client.query(`RELEASE SAVEPOINT ${name}`);
        return result;
      } catch (error) {
        // A lost connection cannot roll back to anything; its own error is the one that counts.
        if (!isOver()) await client.query(`ROLLBACK TO SAVEPOINT ${name}`).catch(() => undefined);
        throw error;
      } finally {
        depth -= 1;
      }
    },
  };
  connections.set(tx, client);
  return tx;
}

/**
 * A read that is begun, asked and ended in one round trip.
 * @param end what ends the transaction; sent with the statement, whatever becomes of it
 */
export function readingOn(opened: Opened, end: () => void): Tx {
  const tx = transactionOn(opened);
  let asked = false;
  const reading: Tx = {
    query(text, values, options) {
      if (asked) return Promise.reject(new Error("a transaction of a single statement was asked for a second"));
      asked = true;
      const answer = tx.query<never>(text, values, options);
      end();
      return answer;
    },
    savepoint: () => Promise.reject(new Error("a transaction of a single statement has no savepoints")),
  };
  connections.set(reading, opened.client);
  return reading;
}

/** Holds back what is written until this microtask is over, so that statements sent together leave in one segment. */
export function gather(client: pg.PoolClient): void {
  const { stream } = (client as pg.PoolClient & { readonly connection: pg.Connection }).connection;
  stream.cork();
  queueMicrotask(() => stream.uncork());
}

function send<R extends object>(
  client: pg.PoolClient,
  text: string,
  values: readonly unknown[] | undefined,
  prepare: boolean,
): Promise<pg.QueryResult<R & pg.QueryResultRow>> {
  gather(client);
  const given = values === undefined ? undefined : [...values];
  if (!prepare || given === undefined) return client.query<R & pg.QueryResultRow>(text, given);
  return client.query<R & pg.QueryResultRow>({ name: nameOf(text), text, values: given });
}

const names = new Map<string, string>();

/** The same name for the same text in every process and version: whoever meets it on a connection meets what it meant. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `cs_${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
    names.set(text, name);
  }
  return name;
}
