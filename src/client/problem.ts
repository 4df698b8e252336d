import type { InputError } from "../kernel/problem.ts";

const known = new Set(["type", "title", "status", "detail", "instance", "code", "request_id", "errors"]);

/** A refusal as the service worded it (RFC 9457). Decide by `code`; `detail` is for people. */
export class ClientProblem extends Error {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly errors: readonly InputError[];
  readonly requestId: string | undefined;
  /** What the problem carries beside the standard members, e.g. `mismatched` or `result`. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(status: number, document: Readonly<Record<string, unknown>>) {
    const detail = textOf(document["detail"]) ?? textOf(document["title"]) ?? `The service answered ${status}.`;
    super(detail);
    this.name = "ClientProblem";
    this.detail = detail;
    this.status = status;
    this.code = textOf(document["code"]) ?? "UNEXPECTED_ANSWER";
    this.errors = Array.isArray(document["errors"]) ? (document["errors"] as InputError[]) : [];
    this.requestId = textOf(document["request_id"]);
    this.members = Object.fromEntries(Object.entries(document).filter(([name]) => !known.has(name)));
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
