import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { ServiceProblem } from "../kernel/problems.ts";
import { commit, CommitOutcomeUnknown, rollBack } from "./commit.ts";
import { classifyFailure, isDatabaseFailure, isInRecovery, isOutdatedPlan, isUnprepared } from "./failures.ts";
import { gather, readingOn, transactionOn, type Tx } from "./tx.ts";

export interface TransactOptions {
  readonly readOnly?: boolean;
  /** Do everything, answer the result, and roll back: `?dry_run=true`. */
  readonly rollback?: boolean;
  /** Over a connection of its own that nothing was done on before. */
  readonly fresh?: boolean;
  /** The first statement changes nothing: it goes in the round trip that opens the transaction. So does that of a read. */
  readonly readsFirst?: boolean;
  /** A read of one statement, in one round trip; a second statement is refused. */
  readonly single?: boolean;
}

export interface Database {
  /**
   * Runs `work` in one READ COMMITTED transaction and commits it. The whole of it is run again on 40001 and 40P01,
   * so `work` must have no effect outside the transaction.
   * @throws ServiceProblem DATABASE_UNAVAILABLE, with `outcome` `unchanged` or `unknown` (GRANT-3, OPEN-7)
   * @throws ServiceProblem OVERLOADED when no connection or lock was to be had in time
   */
  transact<T>(work: (tx: Tx) => Promise<T>, options?: TransactOptions): Promise<T>;
  status(): { readonly total: number; readonly idle: number; readonly waiting: number };
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /**
   * Functions and triggers of somebody else run on these connections: each transaction forgets what they have left on the session, and
   * no statement is known there by a name that they could give to another (LEASE-2).
   */
  readonly foreignCode?: boolean;
  readonly url: string;
  readonly poolSize: number;
  /** Role that every transaction takes on, where the URL's own role is the owner; undefined leaves the role as it is. */
  readonly role?: string | undefined;
  readonly statementTimeoutMs?: number;
  readonly lockTimeoutMs?: number;
  /** How long a transaction waits for a free connection before it is refused. */
  readonly acquireTimeoutMs?: number;
  /** How long an answer is waited for: a server that has frozen does not time out by itself. For ever if absent. */
  readonly answerTimeoutMs?: number;
  readonly applicationName?: string;
  /** Whether a connection takes statements before the answers to earlier ones, as it does if this is absent. */
  readonly pipeline?: boolean;
  /** Whether a read may be answered by a server that takes no writes: of a target, that is then what is found out. */
  readonly readsStandby?: boolean;
  readonly onIdleError?: (error: Error) => void;
}

const attempts = 5;

/** Opens the pool. Nothing is connected until the first transaction. */
export function openDatabase(options: DatabaseOptions): Database {
  const { pipeline = true, foreignCode = false } = options;
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize,
    connectionTimeoutMillis: options.acquireTimeoutMs ?? 10_000,
    idleTimeoutMillis: 30_000,
    application_name: options.applicationName ?? "countersign",
    keepAlive: true,
    pipeline,
    ...(options.answerTimeoutMs === undefined ? {} : { query_timeout: options.answerTimeoutMs }),
  });
  pool.on("error", (error) => options.onIdleError?.(error));
  // A connection may break in the very segment that makes it ready, before whoever asked for it can listen.
  pool.on("connect", (client) => client.on("error", ignored));
  const kept: Kept = { pool, prelude: preludes(options), pipeline, foreignCode, prepares: !foreignCode };

  return {
    async transact(work, transactOptions = {}) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await runOnce(kept, work, transactOptions);
        } catch (error) {
          if (!(error instanceof RetryableFailure)) throw error;
          if (attempt === attempts) throw error.exhausted();
          await pause(Math.random() * 10 * 2 ** attempt);
        }
      }
    },
    status: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => pool.end(),
  };
}

/**
 * Everything a transaction needs is set inside it, in the round trip that opens it: nothing is left behind on the
 * session, so a transaction pooler between us and the server changes nothing.
 */
function preludes(options: DatabaseOptions): { write: string; read: string } {
  const settings = [
    `SET LOCAL statement_timeout = ${options.statementTimeoutMs ?? 5_000}`,
    `SET LOCAL lock_timeout = ${options.lockTimeoutMs ?? 3_000}`,
    "SET LOCAL idle_in_transaction_session_timeout = 15000",
  ];
  // Statistics know nothing of a table that has just begun to grow, and a plan that reads it from end to end would be kept until they do.
  // Every statement of ours has an index that leads to its rows; other people's databases are read as their owners planned.
  if (options.foreignCode !== true) settings.push("SET LOCAL enable_seqscan = off");
  if (options.role !== undefined) settings.unshift(`SET LOCAL ROLE ${pg.escapeIdentifier(options.role)}`);
  const rest = settings.join("; ");
  return {
    write: `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ${rest}`,
    // A standby would read as well, and may not know yet of what was acknowledged: only a server that takes writes is asked.
    read: options.readsStandby
      ? `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${rest}`
      : `BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE; SET TRANSACTION READ ONLY; ${rest}`,
  };
}

/**
 * What code of somebody else may have left on the session: settings that last, another role, temporary tables in front of ours. Sent
 * before BEGIN in the same segment, as a query of its own: no isolation level can be chosen behind it in one.
 */
const forget = "RESET ALL; RESET ROLE; DISCARD TEMP";

class RetryableFailure extends Error {
  exhausted(): ServiceProblem {
    return new ServiceProblem(
      "OVERLOADED",
      "The transaction met conflicting ones on every attempt. Nothing was changed; send the same request again.",
      { retryAfterSeconds: 1, cause: this.cause },
    );
  }
}

/** What the transactions over one URL share. */
interface Kept {
  readonly pool: pg.Pool;
  readonly prelude: { readonly write: string; readonly read: string };
  readonly pipeline: boolean;
  /** Whether others' code may have left something on a session. */
  readonly foreignCode: boolean;
  /** Until a connection turns out not to know what was prepared on it: a pooler that shares one out by transaction. */
  prepares: boolean;
}

/** Whether a transaction has come to its end: what still runs of its work sends nothing more. */
interface Fate {
  over: boolean;
}

async function runOnce<T>(kept: Kept, work: (tx: Tx) => Promise<T>, options: TransactOptions): Promise<T> {
  const client = options.fresh === true ? await connectAnew(kept.pool) : await connect(kept.pool);
  // A connection that breaks between two queries emits an error that would otherwise end the process.
  client.on("error", ignored);
  let broken = true;
  const fate = { over: false };
  try {
    const result =
      options.single === true
        ? await readOne(kept, client, work, fate)
        : await doAll(kept, client, work, { ...options, fate });
    broken = false;
    return result;
  } catch (error) {
    fate.over = true;
    if (error instanceof CommitOutcomeUnknown) throw error.problem();
    broken = !(await rollBack(client));
    if (isUnprepared(error)) kept.prepares = false;
    broken ||= isUnprepared(error) || isOutdatedPlan(error) || isInRecovery(error);
    if (!isDatabaseFailure(error)) throw error;
    const failure = classifyFailure(error);
    if (failure === "retry") throw new RetryableFailure("the same transaction may go well again", { cause: error });
    throw failure;
  } finally {
    client.off("error", ignored);
    client.release(broken);
  }
}

/**
 * Only what changes nothing goes in one round trip with BEGIN: were that refused, a statement behind it would be a
 * transaction of its own.
 */
async function doAll<T>(
  { prelude, pipeline: pipelines, prepares, foreignCode }: Kept,
  client: pg.PoolClient,
  work: (tx: Tx) => Promise<T>,
  {
    readOnly = false,
    rollback = false,
    readsFirst = readOnly,
    fresh = false,
    fate,
  }: TransactOptions & { readonly fate: Fate },
): Promise<T> {
  const pipeline = pipelines && !fresh;
  if (pipeline) gather(client);
  const begun = begin(client, readOnly ? prelude.read : prelude.write, foreignCode && !fresh);
  if (!pipeline || !readsFirst) await begun;
  const result = await work(transactionOn({ client, begun, prepares, isOver: () => fate.over }));
  await begun;
  fate.over = true;
  if (rollback || readOnly) await client.query("ROLLBACK");
  else await commit(client);
  return result;
}

/** @returns settled once the transaction is begun; whoever waits for nothing else need not look */
function begin(client: pg.PoolClient, prelude: string, forgetting: boolean): Promise<unknown> {
  const begun = forgetting ? Promise.all([client.query(forget), client.query(prelude)]) : client.query(prelude);
  begun.catch(ignored);
  return begun;
}

async function readOne<T>(
  { prelude, pipeline, prepares, foreignCode }: Kept,
  client: pg.PoolClient,
  work: (tx: Tx) => Promise<T>,
  fate: Fate,
): Promise<T> {
  if (pipeline) gather(client);
  const begun = begin(client, prelude.read, foreignCode);
  if (!pipeline) await begun;
  let ended: Promise<unknown> = begun;
  const end = (): void => {
    ended = pipeline ? client.query("ROLLBACK") : begun;
    ended.catch(ignored);
  };
  const result = await work(readingOn({ client, begun, prepares, isOver: () => fate.over }, end));
  fate.over = true;
  await ended;
  if (ended === begun) await client.query("ROLLBACK");
  return result;
}

/** A connection outside the pool: `release` ends it. */
async function connectAnew(pool: pg.Pool): Promise<pg.PoolClient> {
  const client = new pg.Client({ ...pool.options, pipeline: false });
  client.on("error", ignored);
  try {
    await client.connect();
  } catch (error) {
    throw new ServiceProblem("DATABASE_UNAVAILABLE", "The database cannot be reached. Nothing was changed.", {
      retryAfterSeconds: 1,
      members: { outcome: "unchanged" },
      cause: error,
    });
  }
  const release = (): void => void client.end().catch(ignored);
  return Object.assign(client, { release });
}

function ignored(): void {
  // The query under way is rejected with the same error, and that is where it is dealt with.
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    const timedOut = error instanceof Error && /timeout exceeded when trying to connect/.test(error.message);
    if (timedOut && pool.totalCount > 0) {
      throw new ServiceProblem("OVERLOADED", "No database connection became free in time. Nothing was changed.", {
        retryAfterSeconds: 1,
        cause: error,
      });
    }
    throw new ServiceProblem("DATABASE_UNAVAILABLE", "The database cannot be reached. Nothing was changed.", {
      retryAfterSeconds: 1,
      members: { outcome: "unchanged" },
      cause: error,
    });
  }
}
