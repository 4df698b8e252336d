import { setTimeout as pause } from "node:timers/promises";
import type { RunEvent } from "../runs/index.ts";

/** How a run has ended, as its stream says. */
export interface RunEnd {
  readonly status: string;
  readonly stop_state: string | null;
}

interface Piece {
  readonly event: string;
  readonly data: string;
}

/** How often in a row a stream may be lost before the watcher gives up; each event that comes counts afresh. */
const mostLosses = 8;
const longestPauseMs = 5_000;

/**
 * Follows a run. A stream that is lost is opened again behind the last event that came, so that none is missed and none
 * comes twice.
 * @param open opens the stream behind the event of that number; throws what is not to be tried again
 * @throws whatever `open` throws; Error when the stream is lost too often in a row
 */
export async function* followRun(
  open: (after: number) => Promise<Response | undefined>,
  after: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<RunEvent, RunEnd> {
  let last = after;
  for (let losses = 0; losses < mostLosses; losses += 1) {
    if (losses > 0) await pause(Math.min(longestPauseMs, 100 * 2 ** losses), undefined, { signal });
    const response = await open(last);
    if (response?.body == null) continue;
    try {
      for await (const piece of pieces(response.body)) {
        if (piece.event === "end") return JSON.parse(piece.data) as RunEnd;
        const event = JSON.parse(piece.data) as RunEvent;
        if (event.seq <= last) continue;
        last = event.seq;
        losses = 0;
        yield event;
      }
    } catch (error) {
      if (signal?.aborted === true) throw error;
    }
  }
  throw new Error("the stream of the run was lost too often");
}

/** Splits a stream into its events (WHATWG HTML, section 9.2.6); one that was cut off in the middle is none. */
async function* pieces(body: ReadableStream<Uint8Array>): AsyncGenerator<Piece> {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split(/\r\n\r\n|\n\n|\r\r/);
    rest = lines.pop() ?? "";
    for (const block of lines) {
      const piece = read(block);
      if (piece !== undefined) yield piece;
    }
  }
}

function read(block: string): Piece | undefined {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, name, value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name === "event") event = value;
    else if (name === "data") data.push(value);
  }
  return data.length === 0 ? undefined : { event, data: data.join("\n") };
}
