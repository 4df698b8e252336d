import { setTimeout as pause } from "node:timers/promises";
import type { Answer, CallOptions, Service } from "../../test/support/service.ts";
import type { Seeded } from "../seeded.ts";
import type { Journal, OperationKind, Outcome, Subject } from "./journal.ts";

/** How an operation is sent: afresh each time, since what is signed is signed anew. */
export interface Request {
  readonly method: string;
  readonly path: string;
  options(): CallOptions;
}

/** One thing that the client wants done once, asked as often as it takes. */
export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly subject: Subject;
  readonly request: Request;
  attempts: number;
  /** The last final answer, or what is known as long as there is none. */
  outcome: Outcome;
  /** Whether any attempt was left without a definite answer. */
  doubtful: boolean;
  /** Whether it was asked again after the faults. */
  settled?: boolean;
  answer?: Answer;
}

export interface ClientOptions {
  readonly journal: Journal;
  readonly services: readonly Service[];
  /** Whether the way to a service has passed on only a part of the request. */
  readonly isCut: (requestId: string) => boolean;
  readonly random: Seeded;
  /** Of the operations' ids, unlike any other of the same database. */
  readonly prefix: string;
}

const playTimeoutMs = 1_500;
const settleTimeoutMs = 8_000;
const liftedByTime = new Set(["LEASE_HELD", "REGISTRATION_HOLD", "IDEMPOTENCY_IN_PROGRESS", "OVERLOADED"]);

/** A client that writes down what it asks before it asks, and what it was told as soon as it knows. */
export class Client {
  readonly operations: Operation[] = [];
  readonly #journal: Journal;
  readonly #services: readonly Service[];
  readonly #isCut: (requestId: string) => boolean;
  readonly #random: Seeded;
  readonly #prefix: string;

  constructor({ journal, services, isCut, random, prefix }: ClientOptions) {
    this.#journal = journal;
    this.#services = services;
    this.#isCut = isCut;
    this.#random = random;
    this.#prefix = prefix;
  }

  /** The id that the next operation gets: it may be part of what it asks. */
  nextId(): string {
    return `${this.#prefix}-${this.operations.length}`;
  }

  make(kind: OperationKind, subject: Subject, request: Request): Operation {
    const fresh = { id: this.nextId(), kind, subject, request };
    const operation: Operation = { ...fresh, attempts: 0, outcome: "unchanged", doubtful: false };
    this.operations.push(operation);
    return operation;
  }

  /** Asks until there is a final answer, at most so often. */
  async perform(operation: Operation, most = 8, service?: number): Promise<Outcome> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.ask(operation, "play", service);
      if (outcome === "ok" || outcome === "refused" || attempt >= most) return outcome;
      await pause(this.#random.between(20, 150));
    }
  }

  /** One attempt, at the given service or at any. */
  async ask(operation: Operation, phase: "play" | "settle", at?: number): Promise<Outcome> {
    const { id, kind, subject, request } = operation;
    const attempt = (operation.attempts += 1);
    const service = at ?? this.#random.between(0, this.#services.length - 1);
    this.#journal.write({ asked: id, attempt, kind, subject, service, phase });
    const requestId = `${id}.${attempt}`;
    const { options, answer } = await this.#send(request, this.#services[service] as Service, requestId, phase);
    const cut = answer?.status === 400 && this.#isCut(requestId);
    const outcome = answer === undefined ? "unknown" : cut ? "unchanged" : outcomeOf(answer);
    const code = (answer?.body["code"] as string | undefined) ?? null;
    const said = outcome === "ok" && answer !== undefined ? saidBy(answer, options) : {};
    this.#journal.write({ answered: id, attempt, outcome, status: answer?.status ?? 0, code, cut, said });
    if (outcome === "unknown") operation.doubtful = true;
    operation.outcome = outcome;
    if (outcome === "ok" && answer !== undefined) operation.answer = answer;
    return outcome;
  }

  async #send(request: Request, service: Service, requestId: string, phase: "play" | "settle") {
    const options = request.options();
    const headers = { ...options.headers, "x-request-id": requestId };
    const signal = AbortSignal.timeout(phase === "play" ? playTimeoutMs : settleTimeoutMs);
    try {
      return { options, answer: await service.call(request.method, request.path, { ...options, headers, signal }) };
    } catch {
      // Whatever it was, there is no answer.
      return { options, answer: undefined };
    }
  }

  /**
   * Asks again, now that all is well and nothing is under way any more, whatever is not certain: what was never answered, and
   * what was refused after an attempt that may have passed.
   * @param kinds which operations; all if absent
   */
  async settle(kinds?: readonly OperationKind[]): Promise<void> {
    for (const operation of this.operations) {
      const certain = operation.answer !== undefined || !operation.doubtful || operation.settled === true;
      if (certain || (kinds !== undefined && !kinds.includes(operation.kind))) continue;
      for (let attempt = 1; attempt <= 8; attempt += 1) {
        const outcome = await this.ask(operation, "settle");
        operation.settled = true;
        if (outcome === "ok" || outcome === "refused") break;
        await pause(attempt * 50);
      }
    }
  }
}

function outcomeOf(answer: Answer): Outcome {
  const { status, body } = answer;
  const code = String(body["code"]);
  if (status >= 200 && status < 300) return "ok";
  if (status === 429 || liftedByTime.has(code)) return "unchanged";
  if (status >= 500 || status === 408) return String(body["outcome"]) === "unchanged" ? "unchanged" : "unknown";
  return "refused";
}

/** What of an answer the checks compare; never a token. */
function saidBy(answer: Answer, options: CallOptions): Record<string, unknown> {
  const { consumed_at, replayed, lease, id, status, verdict, fencing_token } = answer.body as Record<string, unknown>;
  const fence = (lease as { fencing_token?: number } | undefined)?.fencing_token ?? fencing_token;
  return JSON.parse(JSON.stringify({ as: options.as, consumed_at, replayed, fence, id, status, verdict })) as Record<
    string,
    unknown
  >;
}
