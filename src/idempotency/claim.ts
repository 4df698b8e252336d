import { type Tx, waitForStandby } from "../database/index.ts";
import { Problem } from "../kernel/problem.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { IdempotencyProblem } from "./errors.ts";
import { deleteOld, find, insert, type KeyScope, type StoredAnswer, tryLock } from "./store.ts";

export interface Claim extends KeyScope {
  /** Digest of the canonical body: the same content in another order of keys is the same body. */
  readonly requestDigest: string;
}

/** What the claimed work came to: its answer, and the problem behind it if it was refused. */
export interface Outcome {
  readonly answer: StoredAnswer;
  readonly problem?: Problem | undefined;
  /** What is kept under the key where it is less than what is sent: a secret in the answer is not stored. */
  readonly kept?: StoredAnswer | undefined;
}

const visibleAscii = /^[\x21-\x7e]{1,255}$/;

/**
 * Checks an `Idempotency-Key` header.
 * @throws ServiceProblem INVALID_REQUEST
 */
export function requireValidKey(key: string): string {
  if (visibleAscii.test(key)) return key;
  const detail = "It must be 1 to 255 visible ASCII characters without spaces, and be sent once.";
  throw new ServiceProblem("INVALID_REQUEST", `The idempotency key is not valid. ${detail}`, {
    errors: [{ pointer: "header idempotency-key", detail }],
  });
}

/**
 * Runs `work` at most once for a key, in the transaction that `work` changes things in: the claim and the change
 * commit together or not at all. A refusal that would be the same again is rolled back to the savepoint and stored as
 * the answer; one that time may lift is thrown, and leaves no claim.
 *
 * @param refuse turns a thrown problem into the answer that the client gets
 * @throws IdempotencyProblem IDEMPOTENCY_IN_PROGRESS, IDEMPOTENCY_KEY_REUSED
 */
export async function answerOnce(
  tx: Tx,
  claim: Claim,
  work: () => Promise<Outcome>,
  refuse: (problem: Problem) => StoredAnswer,
): Promise<Outcome & { readonly replayed: boolean }> {
  const stored = await replay(tx, claim);
  if (stored !== undefined) return { answer: stored, replayed: true };

  const outcome = await tx.savepoint(work).catch((error: unknown): Outcome => {
    if (error instanceof Problem && isLasting(error)) return { answer: refuse(error), problem: error };
    throw error;
  });
  if (outcome.problem === undefined || isLasting(outcome.problem)) {
    await insert(tx, claim, claim.requestDigest, outcome.kept ?? outcome.answer);
  }
  return { ...outcome, replayed: false };
}

async function replay(tx: Tx, claim: Claim): Promise<StoredAnswer | undefined> {
  if (!(await tryLock(tx, claim))) {
    throw new IdempotencyProblem(
      "IDEMPOTENCY_IN_PROGRESS",
      "Another request with this idempotency key is still running.",
      { retryAfterSeconds: 1 },
    );
  }
  const stored = await find(tx, claim);
  if (stored === undefined) return undefined;
  if (stored.requestDigest !== claim.requestDigest) {
    throw new IdempotencyProblem(
      "IDEMPOTENCY_KEY_REUSED",
      "This idempotency key already stands for a request with another body.",
    );
  }
  await waitForStandby(tx);
  return stored.answer;
}

const liftedByTime = new Set([
  "LEASE_HELD",
  "REGISTRATION_HOLD",
  "IDEMPOTENCY_IN_PROGRESS",
  "RUN_NOT_FINISHED",
  "REHEARSAL_STALE",
]);
const passingKinds = new Set(["limited", "unavailable", "internal", "unauthenticated"]);

/** Whether the same request would be refused alike tomorrow, so that the refusal may be kept under its key. */
export function isLasting(problem: Problem): boolean {
  return !passingKinds.has(problem.definition.kind) && !liftedByTime.has(problem.code);
}

/** Forgets answers that are older than thirty days, the database's limit. @returns how many: fewer than asked for where none is left */
export function forgetOldAnswers(tx: Tx, limit: number): Promise<number> {
  return deleteOld(tx, limit);
}
