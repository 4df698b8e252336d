import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { untilInterrupted } from "./interruption.ts";
import type { Shown } from "./output.ts";
import { Screen } from "./screen.ts";
import { harmless, jsonText } from "./terminal.ts";
import { UsageError } from "./usage.ts";

export interface Watched<Value extends { readonly status: string }> {
  readonly read: (signal: AbortSignal) => Promise<Value>;
  /** Whether the status is one that nothing follows. */
  readonly isFinal: (status: string) => boolean;
  readonly whole: (value: Value) => string;
  /** The same as one line, for a log. */
  readonly line: (value: Value) => string;
  readonly json: boolean;
  readonly everySeconds: number;
  /** How to look again, said where it is interrupted. */
  readonly again: string;
}

/**
 * Looks at something until its status is another than at first: on a terminal it is drawn anew, elsewhere each change is a
 * line (a document with `--json`). What can change no more is shown at once.
 */
export function untilItChanges<Value extends { readonly status: string }>(watched: Watched<Value>): Promise<Shown> {
  const { read, isFinal, whole, line, json, everySeconds, again } = watched;
  const screen = process.stdout.isTTY === true && !json ? new Screen(process.stdout) : undefined;
  return untilInterrupted(async (signal) => {
    let value = await read(signal);
    const { status: first } = value;
    let seen = "";
    while (value.status === first && !isFinal(first)) {
      const now = JSON.stringify(value);
      if (screen !== undefined) screen.show(`${whole(value)}\n\nwaiting for it to change; Ctrl-C ends the watch`);
      else if (now !== seen) process.stdout.write(json ? `${jsonText(value)}\n` : `${harmless(line(value))}\n`);
      seen = now;
      await pause(everySeconds * 1_000, undefined, { signal });
      value = await read(signal);
    }
    screen?.show("");
    return { value, text: screen === undefined ? line(value) : whole(value), compact: true };
  }, again);
}

/** @throws UsageError for what is no number of seconds from a tenth to an hour */
export function secondsOf(text: string): number {
  const seconds = Number(text);
  if (seconds >= 0.1 && seconds <= 3_600) return seconds;
  throw new UsageError(`${text} is no number of seconds from 0.1 to 3600`);
}
