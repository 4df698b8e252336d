import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * An address that never changes, before servers that do: what HAProxy is to a pair. Whoever is connected when it moves is
 * disconnected, and never gets to the old server again (`on-marked-down shutdown-sessions`).
 */
export class Relay {
  readonly #server: Server;
  readonly #lines = new Set<readonly [Socket, Socket]>();
  #port: number | undefined;
  #frozen = false;

  constructor() {
    this.#server = createServer((client) => this.#join(client));
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Leads to this port from now on, or nowhere; existing connections are reset. */
  leadTo(port: number | undefined): void {
    this.#port = port;
    this.#frozen = false;
    for (const line of this.#lines) this.#reset(line);
  }

  /** Nothing arrives any more, either way, and nobody is told: new connections are taken and left without a word. */
  freeze(): void {
    this.#frozen = true;
    for (const line of this.#lines) for (const socket of line) socket.pause();
  }

  /** What was sent meanwhile arrives now. */
  thaw(): void {
    this.#frozen = false;
    for (const line of this.#lines) for (const socket of line) socket.resume();
  }

  async close(): Promise<void> {
    this.leadTo(undefined);
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #join(client: Socket): void {
    client.on("error", ignored);
    if (this.#port === undefined) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ host: "127.0.0.1", port: this.#port });
    const line = [client, server] as const;
    this.#lines.add(line);
    for (const [from, to] of [line, [server, client] as const]) {
      from.on("data", (bytes) => void to.write(bytes));
      from.on("error", () => this.#reset(line));
      from.on("close", () => this.#reset(line));
      if (this.#frozen) from.pause();
    }
  }

  #reset(line: readonly [Socket, Socket]): void {
    this.#lines.delete(line);
    for (const socket of line) if (!socket.destroyed) socket.resetAndDestroy();
  }
}

function ignored(): void {
  // The other end has gone first.
}
