import { CommanderError, InvalidArgumentError } from "commander";
import { ClientProblem } from "../client/index.ts";
import { ConfigurationError } from "../config.ts";
import { Problem } from "../kernel/problem.ts";
import { plain, said } from "./terminal.ts";
import { Interrupted, UsageError } from "./usage.ts";

/** What went wrong, as lines for standard error, and the exit code: 1 refused or failed, 2 usage, 130 interrupted. */
export interface Report {
  readonly text: string;
  readonly code: number;
}

export function reportOf(error: unknown): Report {
  // Commander has said by itself what is wrong with the command line.
  if (error instanceof CommanderError && !(error instanceof InvalidArgumentError))
    return { text: "", code: error.exitCode === 0 ? 0 : 2 };
  if (error instanceof Interrupted) return { text: plain(error.message), code: 130 };
  const usage = [UsageError, ConfigurationError, InvalidArgumentError].some((one) => error instanceof one);
  return { text: `countersign: ${describe(error)}`, code: usage ? 2 : 1 };
}

function describe(error: unknown): string {
  if (error instanceof ClientProblem) return describeProblem(error);
  // A line for each variable.
  if (error instanceof ConfigurationError) return error.message.split("\n").map(plain).join("\n");
  if (error instanceof Problem) return said`${error.code}: ${error.message}`;
  return error instanceof Error ? said`${error.message}${causeOf(error)}` : plain(String(error));
}

/** The code, what is wrong and where, and what to do about it. */
function describeProblem(problem: ClientProblem): string {
  const { status, code, detail, errors, members, requestId } = problem;
  const lines = [
    said`${status === 0 ? "" : `${status} `}${code}: ${detail}${causeOf(problem)}`,
    ...errors.map(({ pointer, detail: why }) => said`  ${pointer || "/"} ${why}`),
    ...Object.entries(members).map(([name, value]) => said`  ${name}: ${textOf(value)}`),
    ...(requestId === undefined ? [] : [said`  request ${requestId}`]),
    ...adviceFor(problem).map((advice) => `  what to do: ${advice}`),
  ];
  return lines.join("\n");
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** What whoever called can do; the service says the rest in `detail`. */
function adviceFor({ status, code, retryAfterSeconds }: ClientProblem): string[] {
  if (code === "SYNC_SIGNATURE_INVALID") return ["check SYNC_SECRET, the digest and this machine's clock"];
  if (status === 401) return ["check the token, see countersign profile list and --as"];
  if (code === "FORBIDDEN") return ["use the token of someone who has the role: --profile or --as"];
  if (code === "VOTE_DIGEST_STALE") return ["read the request again: countersign apr show"];
  if (status === 0) return ["check --url, and whether the service is there"];
  if (retryAfterSeconds !== undefined) return [`try again in ${Math.ceil(retryAfterSeconds)} seconds`];
  return status === 503 ? ["try again; nothing was changed"] : [];
}

function causeOf({ cause }: Error): string {
  if (!(cause instanceof Error)) return "";
  const { code } = cause as NodeJS.ErrnoException;
  return `: ${cause.message || code || cause.name}`;
}
