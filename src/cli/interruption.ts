import process from "node:process";
import { Interrupted } from "./usage.ts";

/**
 * Does something that Ctrl-C ends in good order.
 * @param left what is said then
 * @throws Interrupted then
 */
export async function untilInterrupted<Answer>(
  work: (signal: AbortSignal) => Promise<Answer>,
  left: string,
): Promise<Answer> {
  const interruption = new AbortController();
  const leave = (): void => interruption.abort();
  process.once("SIGINT", leave);
  try {
    return await work(interruption.signal);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    throw new Interrupted(left, { cause: error });
  } finally {
    process.removeListener("SIGINT", leave);
  }
}
