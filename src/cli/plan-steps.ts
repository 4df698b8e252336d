import type { Connection } from "./connection.ts";
import { UsageError } from "./usage.ts";

/** @param text as it stands on the command line. @throws UsageError when it is no number of a step */
export function stepNumber(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new UsageError(`${text} is not the number of a step`);
  return Number(text);
}

/** Nobody approves one revision and means another. @throws UsageError */
export async function digestOf(
  { client: { plans }, dry }: Connection,
  id: string,
  revision: string,
  reviewed: string | undefined,
): Promise<string> {
  if (dry && reviewed !== undefined) return reviewed;
  const { plan_digest: found } = await plans.read(id, revision);
  if (reviewed === undefined || reviewed === found) return found;
  throw new UsageError(`the revision has the digest ${found}, not the one that you reviewed: nothing was written`);
}

/** @throws UsageError when it is no whole number above 0 */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`${text} is not a whole number`);
  return Number(text);
}
