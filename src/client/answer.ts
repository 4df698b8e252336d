import { type ClientProblem, problemOf } from "./problem.ts";

/** An answer that has come whole. */
export interface Answer {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly text: string;
}

/** Takes an answer in whole: one that breaks off is none. */
export async function whole(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, retryAfterSeconds: secondsIn(response.headers.get("retry-after")), text };
}

/** `Retry-After` is a number of seconds or a date (RFC 9110, section 10.2.3). */
function secondsIn(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1_000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

export const isGood = ({ status }: Answer): boolean => status >= 200 && status < 300;

/** An answer that is not what was asked for, as an error. */
export function refusalIn({ status, retryAfterSeconds, text }: Answer): ClientProblem {
  const value = parse(text);
  const document = typeof value === "object" && value !== null && status >= 400 ? { ...value } : {};
  return problemOf({ status, document, retryAfterSeconds });
}

/** The value of a JSON text; undefined where it is none. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
