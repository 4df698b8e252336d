import net from "node:net";

/** One answer, as little of it as the bench needs. */
export interface Reply {
  readonly status: number;
  /** The status line and the headers, as sent. */
  readonly head: string;
  readonly body: string;
}

type Settle = (reply: Reply | undefined, fault: string | undefined) => void;

/**
 * A keep-alive connection with one request under way: no client library, since what the load costs is taken from the
 * service on the same machine.
 */
export class Wire {
  readonly #socket: net.Socket;
  #pending: Buffer = Buffer.alloc(0);
  #settle: Settle | undefined;
  dead = false;
  /** Settles once it is connected, or cannot be. */
  readonly opened: Promise<void>;

  constructor(port: number, host: string) {
    this.#socket = net.connect({ port, host, noDelay: true });
    this.opened = new Promise((resolve) => {
      this.#socket.once("connect", () => resolve()).once("close", () => resolve());
    });
    this.#socket.on("data", (chunk) => this.#take(chunk));
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
    this.#socket.on("close", () => this.#end("closed before the answer"));
  }

  send(request: string, settle: Settle): void {
    if (this.dead) {
      settle(undefined, "dead connection");
      return;
    }
    this.#settle = settle;
    this.#socket.write(request, "latin1");
  }

  /** @param fault what becomes of a request under way */
  close(fault: string): void {
    this.#end(fault);
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const at = this.#pending.indexOf("\r\n\r\n");
    if (at === -1) return;
    const head = this.#pending.toString("latin1", 0, at).toLowerCase();
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? Number.NaN);
    if (!Number.isFinite(length)) {
      this.close("no content-length");
      return;
    }
    const end = at + 4 + length;
    if (this.#pending.length < end) return;
    const reply = { status: Number(head.slice(9, 12)), head, body: this.#pending.toString("utf8", at + 4, end) };
    this.#pending = this.#pending.subarray(end);
    const settle = this.#settle;
    this.#settle = undefined;
    if (/\r\nconnection: close/.test(head)) this.close("");
    settle?.(reply, undefined);
  }

  #end(fault: string): void {
    this.dead = true;
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(undefined, fault);
  }
}
