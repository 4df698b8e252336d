import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Seeded } from "../seeded.ts";

/** Towards the server, or back from it. */
export type Way = "sent" | "received";

/**
 * What is wrong with a wire: bytes of one way are swallowed, arrive late, are answered by a reset of both ends, or are
 * followed by the end of that way while the other stays open.
 */
export interface Trouble {
  readonly how: "drop" | "delay" | "reset" | "half-close";
  readonly way: Way;
  /** Of the connections, how many it strikes. */
  readonly share: number;
  readonly milliseconds: number;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** One connection: two sockets, and what is to be passed on in each way. */
interface Line {
  readonly ends: Readonly<Record<Way, Socket>>;
  readonly queues: Record<Way, Promise<void>>;
  /** Ways that are dead: what comes is swallowed. */
  readonly dead: Set<Way>;
  judged?: { readonly trouble: Trouble; readonly struck: boolean };
  /** Of the request that was sent last, where the wire is told how to read it. */
  request?: string | undefined;
}

/** A TCP way to a server that may move, be gone, or be cut off from its clients, whose address never changes. */
export class Wire {
  /** Where it leads; connections are refused by a reset while it is undefined. */
  target: Place | undefined;
  /** How many connections a trouble has struck so far. */
  struck = 0;
  /** The requests, by their ids, that were passed on in part and then ended. */
  readonly cutShort = new Set<string>();
  readonly #server: Server;
  readonly #lines = new Set<Line>();
  readonly #random: Seeded;
  readonly #requestId: RegExp | undefined;
  #trouble: Trouble | undefined;

  /** @param requestId finds the id of a request in what is sent, as its first group */
  constructor(random: Seeded, requestId?: RegExp) {
    this.#random = random;
    this.#requestId = requestId;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#join(client));
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The URL as it is by this wire. */
  through(url: string): string {
    const front = new URL(url);
    front.hostname = "127.0.0.1";
    front.port = String(this.port);
    return front.href;
  }

  trouble(trouble: Trouble): void {
    this.#trouble = trouble;
  }

  /** Ends the trouble. A connection that has lost bytes is reset, as TCP itself would do in the end. */
  heal(): void {
    this.#trouble = undefined;
    for (const line of this.#lines) if (line.dead.size > 0) this.#reset(line);
  }

  /** Resets every connection that is open now. */
  cut(): void {
    for (const line of this.#lines) this.#reset(line);
  }

  async close(): Promise<void> {
    for (const line of this.#lines) this.#reset(line);
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #join(client: Socket): void {
    if (this.target === undefined) {
      client.on("error", ignored);
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ ...this.target, allowHalfOpen: true });
    const line: Line = {
      ends: { sent: upstream, received: client },
      queues: { sent: Promise.resolve(), received: Promise.resolve() },
      dead: new Set(),
    };
    this.#lines.add(line);
    for (const [from, way] of [
      [client, "sent"],
      [upstream, "received"],
    ] as const) {
      from.on("data", (data) => this.#pass(line, way, data));
      from.on("end", () => this.#queue(line, way, 0, (to) => to.end()));
      from.on("error", () => this.#reset(line));
      from.on("close", () => {
        if (client.destroyed && upstream.destroyed) this.#lines.delete(line);
      });
    }
  }

  #pass(line: Line, way: Way, data: Buffer): void {
    if (line.dead.has(way)) return;
    if (way === "sent" && this.#requestId !== undefined) {
      line.request = this.#requestId.exec(data.toString("latin1"))?.[1] ?? line.request;
    }
    const trouble = this.#strikes(line, way);
    if (trouble === undefined) return this.#queue(line, way, 0, (to) => to.write(data));
    const half = data.subarray(0, Math.floor(data.length * this.#random.next()));
    switch (trouble.how) {
      case "delay":
        return this.#queue(line, way, trouble.milliseconds, (to) => to.write(data));
      case "drop":
        line.dead.add(way);
        return;
      case "half-close":
        line.dead.add(way);
        if (way === "sent" && line.request !== undefined) this.cutShort.add(line.request);
        return this.#queue(line, way, 0, (to) => to.end(half));
      case "reset":
        this.#reset(line);
    }
  }

  /** Whether this connection is one of those that are struck: decided once for each trouble. */
  #strikes(line: Line, way: Way): Trouble | undefined {
    const trouble = this.#trouble;
    if (trouble === undefined || trouble.way !== way) return undefined;
    if (line.judged?.trouble !== trouble) {
      line.judged = { trouble, struck: this.#random.chance(trouble.share) };
      if (line.judged.struck) this.struck += 1;
    }
    return line.judged.struck ? trouble : undefined;
  }

  /** Bytes of one way keep their order, late ones included. */
  #queue(line: Line, way: Way, milliseconds: number, act: (to: Socket) => unknown): void {
    const before = line.queues[way];
    const passOn = async (): Promise<void> => {
      await before;
      if (milliseconds > 0) await pause(milliseconds);
      const to = line.ends[way];
      if (!to.destroyed && !to.writableEnded) act(to);
    };
    line.queues[way] = passOn();
  }

  #reset(line: Line): void {
    for (const socket of [line.ends.sent, line.ends.received]) {
      // Node cannot reset a socket that it has begun to shut down: its handle would stay, and the process with it.
      if (socket.writableEnded) socket.destroy();
      else if (!socket.destroyed) socket.resetAndDestroy();
    }
    this.#lines.delete(line);
  }
}

function ignored(): void {
  // The other end has gone first.
}
