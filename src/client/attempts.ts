import { type Answer, isGood, refusalIn } from "./answer.ts";
import { pause } from "./pause.ts";
import { type ClientProblem, problemOf, UnknownOutcome } from "./problem.ts";

const usual = { most: 4, deadlineMs: 300_000 };
/** Who is told to wait longer than this is told so, instead of waiting. */
const longestWaitMs = 30_000;
const firstPauseMs = 150;
const longestPauseMs = 5_000;

export interface AttemptOptions {
  readonly signal: AbortSignal | undefined;
  readonly deadlineMs: number | undefined;
  /** How often it may be sent. */
  readonly most: number | undefined;
  /** Whether a lost answer leaves it open what was changed. */
  readonly changes: boolean;
  readonly idempotencyKey: string | undefined;
}

/** Makes the request; what it returns sends it, so that a failure of the first is none of the network. */
export type Attempt = (signal: AbortSignal | undefined) => Promise<() => Promise<Answer>>;

/** What became of one attempt. */
type Result = { readonly answer: Answer; readonly problem: ClientProblem } | { readonly lost: unknown };

/** One call with all its attempts: when it is sent again, when not, and what is known in the end. */
export class Attempts {
  readonly #options: AttemptOptions;
  readonly #most: number;
  readonly #endsAt: number;
  readonly #signal: AbortSignal | undefined;
  /** Whether an attempt may have changed something without anybody knowing. */
  #unsure = false;

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#most = Math.max(1, options.most ?? usual.most);
    const deadlineMs = options.deadlineMs ?? usual.deadlineMs;
    this.#endsAt = performance.now() + deadlineMs;
    const deadline = Number.isFinite(deadlineMs) ? [AbortSignal.timeout(deadlineMs)] : [];
    const ends = [...(options.signal === undefined ? [] : [options.signal]), ...deadline];
    this.#signal = ends.length === 0 ? undefined : AbortSignal.any(ends);
  }

  /**
   * Sends until there is an answer that stands.
   * @throws UnknownOutcome where a change may have been made
   * @throws ClientProblem where nothing but "not now" was answered, or nothing at all
   * @throws the reason of the caller's signal
   */
  async untilAnswered(attempt: Attempt): Promise<Answer> {
    for (let made = 1; ; made += 1) {
      const result = await this.#try(attempt);
      this.#options.signal?.throwIfAborted();
      if ("answer" in result && isFinal(result) && !(this.#unsure && saysNothingOfEarlier(result)))
        return result.answer;
      if ("lost" in result ? mayHaveArrived(result.lost) : leavesOpen(result)) this.#unsure = true;
      const waitMs = pauseAfter(result, made);
      const over = made >= this.#most || waitMs > longestWaitMs || performance.now() + waitMs >= this.#endsAt;
      if (over || this.#signal?.aborted === true || ("answer" in result && isFinal(result)))
        throw this.#failure(result);
      await pause(waitMs, this.#options.signal);
    }
  }

  async #try(attempt: Attempt): Promise<Result> {
    this.#options.signal?.throwIfAborted();
    const send = await attempt(this.#signal);
    try {
      const answer = await send();
      return { answer, problem: refusalIn(answer) };
    } catch (error) {
      return { lost: error };
    }
  }

  #failure(result: Result): ClientProblem {
    const last = "answer" in result ? result.problem : undefined;
    const cause = "lost" in result ? result.lost : result.problem;
    if (this.#unsure && this.#options.changes) {
      const detail = "The answer was lost: the change may have been made. Sending it again with its key finds out.";
      const document = { ...last?.members, code: "UNKNOWN_OUTCOME", detail, request_id: last?.requestId };
      const retryAfterSeconds = last?.retryAfterSeconds;
      return new UnknownOutcome(
        { status: last?.status ?? 0, document, retryAfterSeconds, cause },
        this.#options.idempotencyKey,
      );
    }
    if (last !== undefined) return last;
    const why = cause instanceof Error ? (textOfCause(cause) ?? cause.message) : String(cause);
    return problemOf({ status: 0, document: { code: "CONNECTION_LOST", detail: `No answer: ${why}` }, cause });
  }
}

/** 503 and 429 mean "not now", 502 and 504 that a gateway has lost the service, the last that the first is still at it. */
function isFinal({ answer, problem }: { readonly answer: Answer; readonly problem: ClientProblem }): boolean {
  return ![429, 502, 503, 504].includes(answer.status) && problem.code !== "IDEMPOTENCY_IN_PROGRESS";
}

/** What is refused before the key is looked up, or fails, is said of this attempt alone. */
function saysNothingOfEarlier({
  answer,
  problem,
}: {
  readonly answer: Answer;
  readonly problem: ClientProblem;
}): boolean {
  if (isGood(answer)) return false;
  return (
    answer.status === 401 ||
    answer.status >= 500 ||
    answer.status < 400 ||
    /^(FORBIDDEN$|CSRF_|CROSS_SITE_)/.test(problem.code)
  );
}

/** Whether the answer itself leaves open what was changed. */
function leavesOpen({ answer, problem }: { readonly answer: Answer; readonly problem: ClientProblem }): boolean {
  if (answer.status === 502 || answer.status === 504) return true;
  return problem.members["outcome"] === "unknown" || problem.code === "IDEMPOTENCY_IN_PROGRESS";
}

/** As asked for, and a little more, lest all come back at once; else doubled each time. Milliseconds. */
function pauseAfter(result: Result, made: number): number {
  const asked = "answer" in result ? result.problem.retryAfterSeconds : undefined;
  if (asked !== undefined) return asked * 1_000 + Math.random() * Math.min(1_000, 100 + asked * 100);
  return Math.min(longestPauseMs, firstPauseMs * 2 ** made) * (0.5 + Math.random() / 2);
}

const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH"]);

/** Whether the service may have got the request: not where no connection was made, as far as it is told (Node tells, browsers do not). */
function mayHaveArrived(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof AggregateError) return cause.errors.some((one) => !neverSent.has(codeOf(one)));
  return !neverSent.has(codeOf(cause)) && codeOf(cause) !== "UND_ERR_CONNECT_TIMEOUT";
}

function codeOf(value: unknown): string {
  return typeof value === "object" && value !== null && "code" in value ? String(value.code) : "";
}

function textOfCause(error: Error): string | undefined {
  return error.cause instanceof Error ? error.cause.message || codeOf(error.cause) : undefined;
}
