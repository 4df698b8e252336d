import { pause } from "./pause.ts";
import { problemOf } from "./problem.ts";
import type { RunEvent } from "./shapes.ts";

/** How a run has ended, as its stream says. */
export interface RunEnd {
  readonly status: string;
  readonly stop_state: string | null;
}

interface Piece {
  readonly event: string;
  readonly data: string;
}

export interface FollowOptions {
  /** The number of the last event that is known: the next one comes first. */
  readonly after?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How often in a row the stream may be lost before it is given up: 10 if absent. Each event that comes counts afresh. */
  readonly losses?: number | undefined;
  /** Milliseconds after which a stream that says nothing is taken for lost: 60,000 if absent. */
  readonly silenceMs?: number | undefined;
  /** Told when a stream has been opened, and when it broke off or could not be opened. */
  readonly onStream?: ((state: "open" | "lost") => void) | undefined;
}

const mostLosses = 10;
const longestPauseMs = 5_000;
/** The service says something every few seconds, if only that it is still there: a stream that is silent for so long is dead. */
const longestSilenceMs = 60_000;

/**
 * Follows a run. A stream that is lost is opened again behind the last event that came, so that none is missed and none
 * comes twice.
 * @param open opens the stream behind the event of that number; throws what is not to be tried again
 * @throws whatever `open` throws; Unavailable when the stream is lost too often in a row
 */
export async function* followRun(
  open: (after: number, signal: AbortSignal) => Promise<Response | undefined>,
  { after = 0, signal, losses: most = mostLosses, silenceMs = longestSilenceMs, onStream }: FollowOptions,
): AsyncGenerator<RunEvent, RunEnd> {
  let last = after;
  for (let losses = 0; losses < most; losses += 1) {
    if (losses > 0) await pause(Math.min(longestPauseMs, 100 * 2 ** losses) * (0.5 + Math.random() / 2), signal);
    const watch = new Watch(silenceMs, signal);
    const response = await watch.over(open(last, watch.signal)).catch((error: unknown) => {
      if (!watch.isSilent || signal?.aborted === true) throw error;
      return undefined;
    });
    if (response?.body != null) onStream?.("open");
    for await (const piece of pieces(response?.body, watch)) {
      if (piece.event === "end") return JSON.parse(piece.data) as RunEnd;
      const event = JSON.parse(piece.data) as RunEvent;
      if (event.seq <= last) continue;
      last = event.seq;
      losses = 0;
      yield event;
    }
    signal?.throwIfAborted();
    onStream?.("lost");
  }
  const detail = "The stream of the run was lost too often. The run goes on.";
  throw problemOf({ status: 0, document: { code: "CONNECTION_LOST", detail } });
}

/** Gives a stream up that is waited for too long. What its reader does in between is no silence of the service. */
class Watch {
  readonly #silence = new AbortController();
  readonly #longestMs: number;
  readonly signal: AbortSignal;

  constructor(longestMs: number, left: AbortSignal | undefined) {
    this.#longestMs = longestMs;
    this.signal = AbortSignal.any([this.#silence.signal, ...(left === undefined ? [] : [left])]);
  }

  get isSilent(): boolean {
    return this.#silence.signal.aborted;
  }

  async over<Result>(waited: Promise<Result>): Promise<Result> {
    const timer = setTimeout(() => this.#silence.abort(), this.#longestMs);
    try {
      return await waited;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What a stream that is lost has left: nothing, like one that has ended. */
const lost = (): { readonly done: true; readonly value: undefined } => ({ done: true, value: undefined });

/** Splits a stream into its events (WHATWG HTML, section 9.2.6), as far as it comes; one that was cut off is none. */
async function* pieces(body: ReadableStream<Uint8Array> | null | undefined, watch: Watch): AsyncGenerator<Piece> {
  // Not `for await` over the stream: not every browser has that.
  const reader = body?.getReader();
  if (reader === undefined) return;
  const next = () => watch.over(reader.read()).catch(lost);
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (let part = await next(); !part.done; part = await next()) {
      const blocks = (rest + decoder.decode(part.value, { stream: true })).split(/\r\n\r\n|\n\n|\r\r/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const piece = read(block);
        if (piece !== undefined) yield piece;
      }
    }
  } finally {
    // Whoever stops listening hangs up; a stream that is lost cannot be cancelled any more.
    await reader.cancel().catch(() => undefined);
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
