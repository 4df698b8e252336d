import { type Database, migrateTarget, openDatabase, sqlState } from "../database/index.ts";
import { RunProblem } from "./errors.ts";

export interface TargetsOptions {
  /** Name to URL (RUN-7). */
  readonly urls: Readonly<Record<string, string>>;
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly onIdleError?: (error: Error) => void;
}

const connectTimeoutMs = 5_000;

const because: Readonly<Record<string, string>> = {
  "28000": "it knows no such role, or does not let it in",
  "28P01": "it does not take the role or its password",
  "3D000": "it has no database of that name",
  "42501": "the role may not make what the service needs there",
  "53300": "it has no connection left",
  "55P03": "a lock was not to be had in time",
  "57014": "a statement took too long",
  "57P03": "it is starting or stopping",
};

/** Role, password or database are not what the target knows. */
const notLetIn = new Set(["28000", "28P01", "3D000"]);

/** The target databases of this process: each is prepared and opened when it is first needed. */
export interface Targets {
  readonly names: readonly string[];
  /** @throws RunProblem TARGET_UNAVAILABLE */
  open(name: string): Promise<Database>;
  close(): Promise<void>;
}

/** Nothing is connected until the first `open`. */
export function openTargets(options: TargetsOptions): Targets {
  const opened = new Map<string, Promise<Database>>();
  return {
    names: Object.keys(options.urls),
    open(name) {
      const url = options.urls[name];
      if (url === undefined) {
        return Promise.reject(new RunProblem("TARGET_UNAVAILABLE", `There is no target database ${name} in TARGETS.`));
      }
      const known = opened.get(name);
      if (known !== undefined) return known;
      const opening = prepare(url, options).catch((error: unknown) => {
        // The next one who needs it tries again.
        opened.delete(name);
        throw unavailable(name, error);
      });
      opened.set(name, opening);
      return opening;
    },
    async close() {
      for (const opening of opened.values()) {
        const database = await opening.catch(() => undefined);
        await database?.close();
      }
    },
  };
}

/** The fence and the markers must be there before the first state; they are ours and change nothing that a build names. */
async function prepare(url: string, options: TargetsOptions): Promise<Database> {
  const { poolSize, statementTimeoutMs, lockTimeoutMs, onIdleError } = options;
  await migrateTarget({ ownerUrl: url, connectTimeoutMs, answerTimeoutMs: statementTimeoutMs + connectTimeoutMs });
  return openDatabase({
    url,
    acquireTimeoutMs: connectTimeoutMs,
    answerTimeoutMs: statementTimeoutMs + connectTimeoutMs,
    poolSize,
    statementTimeoutMs,
    lockTimeoutMs,
    applicationName: "countersign-target",
    pipeline: true,
    readsStandby: true,
    foreignCode: true,
    ...(onIdleError && { onIdleError }),
  });
}

function unavailable(name: string, cause: unknown): Error {
  if (sqlState(cause) === "25006") {
    return new RunProblem("TARGET_READ_ONLY", `The target database ${name} does not take writes.`, { cause });
  }
  const state = sqlState(cause);
  const why = state === undefined ? "" : `: ${because[state] ?? "it refused"} (${state})`;
  // Who is not let in is not let in the next time either: a refusal, and no fault that may pass (RUN-3).
  if (state !== undefined && notLetIn.has(state)) {
    return new RunProblem("STATE_FAILED", `The target database ${name} refuses the service${why}.`, { cause });
  }
  return new RunProblem("TARGET_UNAVAILABLE", `The target database ${name} cannot be reached or prepared${why}.`, {
    retryAfterSeconds: 2,
    cause,
  });
}
