import type { GrantCode, ProblemCode, StepCode } from "./codes.ts";
import type { InputError } from "./shapes.ts";

const known = new Set(["type", "title", "status", "detail", "instance", "code", "request_id", "errors"]);

/** A refusal as it came. */
export interface Refusal {
  /** Of the answer; 0 where none came. */
  readonly status: number;
  readonly document: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

/** A refusal as the service worded it (RFC 9457). Decide by the class or by `code`; `detail` is for people. */
export class ClientProblem extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly detail: string;
  readonly errors: readonly InputError[];
  readonly requestId: string | undefined;
  /** Seconds after which the same may be sent again, where the service says so. */
  readonly retryAfterSeconds: number | undefined;
  /** What the problem carries beside the standard members, e.g. `mismatched` or `result`. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor({ status, document, retryAfterSeconds, cause }: Refusal) {
    const detail = textOf(document["detail"]) ?? textOf(document["title"]) ?? `The service answered ${status}.`;
    super(detail, cause === undefined ? undefined : { cause });
    this.name = "ClientProblem";
    this.detail = detail;
    this.status = status;
    this.code = textOf(document["code"]) ?? "UNEXPECTED_ANSWER";
    this.errors = Array.isArray(document["errors"]) ? (document["errors"] as InputError[]) : [];
    this.requestId = textOf(document["request_id"]);
    this.retryAfterSeconds = retryAfterSeconds;
    this.members = Object.fromEntries(Object.entries(document).filter(([name]) => !known.has(name)));
  }
}

/** 400, 405, 413, 415: the request cannot be read as one; `errors` has a JSON pointer for each place. */
export class Invalid extends ClientProblem {}

/** 401: no token, one that is over, or a dispatcher's signature that does not hold. */
export class Unauthenticated extends ClientProblem {}

/** 403: the caller may not do this. */
export class Forbidden extends ClientProblem {
  /** The roles that may, where it is a matter of roles. */
  get requiredRoles(): readonly string[] {
    return textsOf(this.members["required_roles"]);
  }
}

/** 404. */
export class NotFound extends ClientProblem {}

/** 409: it does not go with what is there. */
export class Conflict extends ClientProblem {}

/** 422: well formed and understood, and still refused. */
export class Unprocessable extends ClientProblem {}

/** A grant, or the lack of one, does not let this happen (GRANT-2); by 403 or 409. */
export class GrantRefused extends ClientProblem {
  declare readonly code: GrantCode;

  /** The bindings that are not those of the grant. */
  get mismatched(): readonly string[] {
    return textsOf(this.members["mismatched"]);
  }

  get authCode(): string | undefined {
    return textOf(this.members["auth_code"]);
  }
}

/** An act on a plan's step is refused: by its records, its order, its target or its own conditions. */
export class StepRefused extends ClientProblem {
  declare readonly code: StepCode;

  /** The records that the step lacks. */
  get missing(): readonly string[] {
    return textsOf(this.members["missing"]);
  }

  /** What of a record is not that of the step. */
  get mismatched(): readonly string[] {
    return textsOf(this.members["mismatched"]);
  }
}

/** 409 `EXECUTION_SKIPPED`, 422 `EXECUTION_FAILED`: what the handler said of the request. */
export class ExecutionRefused extends ClientProblem {
  declare readonly code: "EXECUTION_SKIPPED" | "EXECUTION_FAILED";

  /** The line of the protocol, `SKIP:…` or `FAIL:…`. */
  get result(): string {
    return textOf(this.members["result"]) ?? "";
  }
}

/** 409: somebody else has the lease. It is over in `retryAfterSeconds`, unless it is renewed. */
export class LeaseHeld extends Conflict {
  declare readonly code: "LEASE_HELD";
}

/** 429: too many requests; nothing was changed. */
export class RateLimited extends ClientProblem {}

/** 5xx, or no connection at all: for a change, it is known that it was not made. */
export class Unavailable extends ClientProblem {}

/**
 * A change was sent, and nobody knows whether it was made: the answer was lost, or the service's database did not confirm.
 * Sending the same with this `idempotencyKey` finds out, and changes nothing more.
 */
export class UnknownOutcome extends ClientProblem {
  readonly idempotencyKey: string | undefined;

  constructor(refusal: Refusal, idempotencyKey: string | undefined) {
    super(refusal);
    this.name = "UnknownOutcome";
    this.idempotencyKey = idempotencyKey;
  }
}

const byStatus: Readonly<Record<number, typeof ClientProblem>> = {
  400: Invalid,
  401: Unauthenticated,
  403: Forbidden,
  404: NotFound,
  405: Invalid,
  409: Conflict,
  413: Invalid,
  415: Invalid,
  422: Unprocessable,
  429: RateLimited,
};

const names = new Map<unknown, string>([
  [Invalid, "Invalid"],
  [Unauthenticated, "Unauthenticated"],
  [Forbidden, "Forbidden"],
  [NotFound, "NotFound"],
  [Conflict, "Conflict"],
  [Unprocessable, "Unprocessable"],
  [GrantRefused, "GrantRefused"],
  [StepRefused, "StepRefused"],
  [ExecutionRefused, "ExecutionRefused"],
  [LeaseHeld, "LeaseHeld"],
  [RateLimited, "RateLimited"],
  [Unavailable, "Unavailable"],
]);

/** The refusal as an error of its class. */
export function problemOf(refusal: Refusal): ClientProblem {
  const Class = classOf(refusal.status, textOf(refusal.document["code"]) ?? "");
  const problem = new Class(refusal);
  problem.name = names.get(Class) ?? "ClientProblem";
  return problem;
}

function classOf(status: number, code: string): typeof ClientProblem {
  if (code === "LEASE_HELD") return LeaseHeld;
  if (/^EXECUTION_(SKIPPED|FAILED)$/.test(code)) return ExecutionRefused;
  if (isGrantCode(code)) return GrantRefused;
  if (isStepCode(code)) return StepRefused;
  return byStatus[status] ?? (status === 0 || status >= 500 ? Unavailable : ClientProblem);
}

/** As lists of every code, so that one which a table gets or loses does not compile here. */
const grantCodes: Readonly<Record<GrantCode, true>> = {
  G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION: true,
  CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH: true,
  AMBIGUOUS_AUTHORIZATION: true,
  REJECT_AUTH_ALREADY_CONSUMED: true,
  REJECT_AUTH_REVOKED: true,
  REJECT_AUTH_EXPIRED: true,
  REJECT_AUTH_NOT_ACTIVE: true,
  REJECT_SIGNATURE_KEY_REVOKED: true,
};

const stepCodes: Readonly<Record<StepCode, true>> = {
  PLAN_CONFLICT: true,
  STEP_NEEDS_RECORD: true,
  STEP_OUT_OF_ORDER: true,
  STEP_ALREADY_COMMITTED: true,
  STEP_RETIRED: true,
  STEP_NOT_COMMITTED: true,
  STEP_STILL_NEEDED: true,
  STEP_CHANGED: true,
  RECORD_MISMATCH: true,
  RECORD_USED: true,
  RECORD_EXPIRED: true,
  RECORD_REVOKED: true,
  RECORD_UNSIGNED: true,
  REHEARSAL_NEEDED: true,
  NOTHING_TO_DO: true,
  DOCUMENTS_MISSING: true,
  DRIFT: true,
  STOP_CONDITION: true,
  OUTSIDE_ALLOWED: true,
  EVIDENCE_FAILED: true,
  NEGATIVE_TEST_FAILED: true,
  STEP_REFUSED: true,
  STATEMENT_TIMEOUT: true,
  LOCK_TIMEOUT: true,
  BACKUP_FAILED: true,
};

const isGrantCode = (code: string): code is GrantCode => Object.hasOwn(grantCodes, code);
const isStepCode = (code: string): code is StepCode => Object.hasOwn(stepCodes, code);

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
