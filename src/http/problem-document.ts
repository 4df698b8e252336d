import {
  type InputError,
  Problem,
  type ProblemDefinition,
  type ProblemKind,
  type ProblemTable,
} from "../kernel/problem.ts";
import { ServiceProblem } from "../kernel/problems.ts";

export const problemMediaType = "application/problem+json; charset=utf-8";

const statusOfKind: Readonly<Record<ProblemKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  "not-found": 404,
  "method-not-allowed": 405,
  conflict: 409,
  "too-large": 413,
  "unsupported-media-type": 415,
  unprocessable: 422,
  limited: 429,
  internal: 500,
  unavailable: 503,
};

/** The HTTP status of a kind of problem: the only place where one becomes the other. */
export function statusOf(definition: ProblemDefinition): number {
  return statusOfKind[definition.kind];
}

/** RFC 9457, with our members: a stable code, the request's id, and each invalid place of the input. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly request_id: string;
  readonly errors?: readonly InputError[];
  readonly [member: string]: unknown;
}

export interface Occasion {
  readonly requestId: string;
  /** Target of the request; its query is left out, since it may hold what should not be written down. */
  readonly url: string;
}

/** @param status differs from that of the kind only for what HTTP itself refuses (431, 408) */
export function problemDocument(
  problem: Problem,
  occasion: Occasion,
  status = statusOf(problem.definition),
): ProblemDocument {
  return {
    // The standard members cannot be overwritten by those that a problem brings.
    ...problem.members,
    type: typeOf(problem.code),
    title: problem.definition.title,
    status,
    detail: problem.message,
    instance: pathOf(occasion.url),
    code: problem.code,
    request_id: occasion.requestId,
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  };
}

/** The path of the page that explains a code. */
export function typeOf(code: string): string {
  return `/docs/problems/${code}`;
}

export function pathOf(url: string): string {
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

export function problemHeaders(problem: Problem): Record<string, string> {
  const headers: Record<string, string> = { "cache-control": "no-store" };
  // 429 and 503 always say when to come back.
  const retryAfter =
    problem.retryAfterSeconds ?? (/^(limited|unavailable)$/.test(problem.definition.kind) ? 1 : undefined);
  if (retryAfter !== undefined) headers["retry-after"] = String(Math.max(1, Math.ceil(retryAfter)));
  if (problem.definition.kind === "unauthenticated") headers["www-authenticate"] = 'Bearer realm="countersign"';
  return headers;
}

/** Every code the service may answer with. @throws Error where two tables define one code */
export function problemCatalogue(tables: readonly ProblemTable[]): ReadonlyMap<string, ProblemDefinition> {
  const catalogue = new Map<string, ProblemDefinition>();
  for (const table of [ServiceProblem.table, ...tables]) {
    for (const [code, definition] of Object.entries(table)) {
      const known = catalogue.get(code);
      if (known !== undefined && known !== definition) throw new Error(`Two tables define the problem ${code}`);
      catalogue.set(code, definition);
    }
  }
  return catalogue;
}

/** What an unexpected error looks like from outside: nothing of it. */
export function internalError(cause: unknown): Problem {
  return new ServiceProblem("INTERNAL_ERROR", "The request failed for a reason inside the service.", { cause });
}

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : internalError(error);
}
