import { setTimeout as pause } from "node:timers/promises";
import { type Client, ClientProblem } from "../client/index.ts";

type Summary = Awaited<ReturnType<Client["listRequests"]>>["items"][number];

/** What became of one request, told once and again when it changes. */
export interface Told {
  readonly apr_code: string;
  /** `retry` is asked again by itself; `gone` is no longer to be executed. */
  readonly outcome: "minted" | "replayed" | "would mint" | "skipped" | "failed" | "retry" | "gone";
  readonly auth_code: string | null;
  /** The protocol line, or the problem's code. */
  readonly result: string;
  readonly again_in_seconds: number | null;
}

export interface Orders {
  readonly client: Client;
  readonly secret: string;
  /** Requests of these actions alone; of all if empty. */
  readonly actions: readonly string[];
  readonly dryRun: boolean;
  readonly tell: (told: Told) => void;
  /** Once it is aborted, nothing more is begun. */
  readonly stop: AbortSignal;
}

interface Waiting {
  readonly result: string;
  /** Milliseconds of this process' monotonic clock. */
  readonly until: number;
  readonly seconds: number;
}

/** Before a refused request is asked again: what refused it may have changed, and each refusal is an event of the log. */
const firstPauseSeconds = 10;
const longestPauseSeconds = 600;
const pageSize = 200;

/**
 * Executes approved requests, the oldest first (APR-6, APR-7). Any number of dispatchers may run at once: the service mints
 * each grant once, and whoever comes later is told so.
 */
export class Dispatcher {
  readonly #orders: Orders;
  readonly #waiting = new Map<string, Waiting>();

  constructor(orders: Orders) {
    this.#orders = orders;
  }

  /**
   * Looks once, and executes what is approved.
   * @returns how many were refused, or have to be asked again
   * @throws ClientProblem when the service cannot be reached, is busy, or does not take this caller
   */
  async round(): Promise<number> {
    const { stop } = this.#orders;
    const approved = await this.#approved();
    this.#forget(approved);
    let open = 0;
    for (const request of approved) {
      if (stop.aborted) break;
      const waiting = this.#waiting.get(request.apr_code);
      const due = waiting === undefined || waiting.until <= performance.now();
      const told = due ? await this.#execute(request, waiting) : undefined;
      if (told !== undefined && (told.outcome !== "retry" || told.result !== waiting?.result)) this.#orders.tell(told);
      if (told === undefined || told.outcome === "failed" || told.outcome === "retry") open += 1;
    }
    return open;
  }

  /** The list is read to its end first: it is the newest that come first. */
  async #approved(): Promise<Summary[]> {
    const { client, actions, stop } = this.#orders;
    const found: Summary[] = [];
    for (const action of actions.length === 0 ? [undefined] : actions) {
      let cursor: string | null | undefined;
      do {
        const query = { status: "approved", limit: pageSize, action_code: action, cursor: cursor ?? undefined };
        const page = await client.listRequests(query, { signal: stop });
        found.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor !== null);
    }
    return found.sort((one, other) => order(one).localeCompare(order(other)));
  }

  /** What is no longer approved is not waited for. */
  #forget(approved: readonly Summary[]): void {
    const still = new Set(approved.map(({ apr_code: code }) => code));
    for (const code of this.#waiting.keys()) if (!still.has(code)) this.#waiting.delete(code);
  }

  async #execute(request: Summary, before: Waiting | undefined): Promise<Told | undefined> {
    const { client, secret, dryRun } = this.#orders;
    const { apr_code: code, apr_digest: digest } = request;
    try {
      const done = await client.execute(code, digest, secret, { dryRun });
      if (dryRun) this.#waiting.set(code, { result: "OK", until: Number.POSITIVE_INFINITY, seconds: 0 });
      const outcome = dryRun ? "would mint" : done.replayed ? "replayed" : "minted";
      return { apr_code: code, outcome, auth_code: done.auth_code, result: done.result, again_in_seconds: null };
    } catch (error) {
      if (!(error instanceof ClientProblem) || isOfAll(error)) throw error;
      return this.#refused(code, error, before);
    }
  }

  #refused(code: string, problem: ClientProblem, before: Waiting | undefined): Told {
    const { result: line } = problem.members;
    const result = typeof line === "string" ? line : problem.code;
    const outcome = outcomeOf(problem);
    const doubled = Math.min(longestPauseSeconds, before === undefined ? firstPauseSeconds : before.seconds * 2);
    const seconds = problem.retryAfterSeconds ?? doubled;
    this.#waiting.set(code, { result, until: performance.now() + seconds * 1_000, seconds });
    return { apr_code: code, outcome, auth_code: null, result, again_in_seconds: outcome === "gone" ? null : seconds };
  }
}

const order = ({ created_at: at, apr_code: code }: Summary): string => `${at} ${code}`;

/** Whether the problem is not one of this request alone. */
function isOfAll({ status, code }: ClientProblem): boolean {
  return [0, 401, 403, 429, 502, 504].includes(status) || code === "OVERLOADED" || code === "DATABASE_UNAVAILABLE";
}

function outcomeOf({ status, code }: ClientProblem): Told["outcome"] {
  if (code === "EXECUTION_SKIPPED") return "skipped";
  if (code === "EXECUTION_FAILED") return "failed";
  return status === 404 || code === "APR_NOT_OPEN" ? "gone" : "retry";
}

/**
 * Looks again and again until it is stopped. While the service cannot be reached or is busy it is asked less often.
 * @param lost is told of each round that came to nothing, and in how many seconds the next begins
 * @throws ClientProblem when the service does not take this caller
 */
export async function dispatchOn(
  dispatcher: Dispatcher,
  {
    everySeconds,
    stop,
    lost,
  }: { everySeconds: number; stop: AbortSignal; lost: (error: Error, seconds: number) => void },
): Promise<void> {
  let losses = 0;
  while (!stop.aborted) {
    let seconds = everySeconds;
    try {
      await dispatcher.round();
      losses = 0;
    } catch (error) {
      if (stop.aborted) return;
      if (!(error instanceof ClientProblem) || !isPassing(error)) throw error;
      losses += 1;
      // Spread, so that several dispatchers do not come back as one.
      seconds = error.retryAfterSeconds ?? Math.min(60, everySeconds * 2 ** losses) * (0.5 + Math.random() / 2);
      lost(error, seconds);
    }
    await pause(seconds * 1_000, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** What passes by itself: nobody can be reached, too much is asked, or the service is being restarted. */
const isPassing = ({ status }: ClientProblem): boolean => status === 0 || status === 429 || status >= 500;
