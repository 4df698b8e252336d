import type { Service } from "./service.ts";

/** One message of a stream, as a browser's EventSource would hand it over. */
export interface Message {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Watch {
  readonly after?: number;
  readonly lastEventId?: string | number;
  /** Leaves once it has seen so many messages. */
  readonly leaveAfter?: number;
  /** Told of each message as it comes. */
  readonly onMessage?: () => void;
  readonly signal?: AbortSignal;
}

/** Follows a run until the stream ends, or until it is left. */
export async function follow(service: Service, root: string, watch: Watch = {}) {
  const { after, lastEventId, leaveAfter = Number.POSITIVE_INFINITY, signal, onMessage } = watch;
  const leaving = new AbortController();
  const query = after === undefined ? "" : `?after=${after}`;
  const response = await fetch(`${service.url}/v1/runs/${encodeURIComponent(root)}/events${query}`, {
    headers: {
      authorization: `Bearer ${service.tokens.auditor}`,
      accept: "text/event-stream",
      ...(lastEventId === undefined ? {} : { "last-event-id": String(lastEventId) }),
    },
    signal: AbortSignal.any([leaving.signal, ...(signal === undefined ? [] : [signal])]),
  });
  const messages: Message[] = [];
  const comments: string[] = [];
  let rest = "";
  try {
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      rest += piece;
      for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
        const block = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (block.startsWith(":")) comments.push(block);
        else messages.push(messageOf(block));
        onMessage?.();
        if (messages.length + comments.length >= leaveAfter) leaving.abort();
      }
      if (leaving.signal.aborted) break;
    }
  } catch (error) {
    if (!leaving.signal.aborted && signal?.aborted !== true) throw error;
  }
  return { response, messages, comments, rest };
}

function messageOf(block: string): Message {
  const fields = new Map(
    block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)] as const),
  );
  return {
    id: fields.get("id"),
    event: fields.get("event"),
    data: JSON.parse(fields.get("data") ?? "null") as Message["data"],
  };
}

/** The numbers of the events among them; the end has none. */
export const seqs = (messages: readonly Message[]): number[] =>
  messages.filter(({ id }) => id !== undefined).map(({ id }) => Number(id));
/** `from + 1` to `count`. */
export const upTo = (count: number, from = 0): number[] => Array.from({ length: count - from }, (_, n) => from + n + 1);
