import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { Owner } from "./service.ts";

/** What becomes of one connection. */
export interface Fate {
  /** Bytes that pass to the server, and from it, before the connection is cut; all of them if absent. */
  readonly sent?: number;
  readonly received?: number;
  /** Whether it is not cut then but falls silent: nothing passes any more, and nobody hangs up. */
  readonly freezes?: boolean;
}

/** A way to a server that a test can make bad. */
export interface Proxy {
  readonly url: string;
  /** What becomes of each connection, by its number from 0; asked when it is made. */
  fate: (connection: number) => Fate;
  /** Bytes that each connection has carried so far. */
  readonly carried: readonly { sent: number; received: number }[];
  readonly cuts: number;
}

/** Stands between a service and a PostgreSQL. @param url of the database behind it */
export async function throughProxy(t: Owner, url: string): Promise<Proxy> {
  const behind = new URL(url);
  const open = new Set<Socket>();
  const proxy = { url: "", fate: (): Fate => ({}), carried: [] as { sent: number; received: number }[], cuts: 0 };
  const server = createServer((client) => {
    const {
      sent = Number.POSITIVE_INFINITY,
      received = Number.POSITIVE_INFINITY,
      freezes,
    } = (proxy as Proxy).fate(proxy.carried.length);
    const counts = { sent: 0, received: 0 };
    proxy.carried.push(counts);
    const upstream = connect(Number(behind.port), behind.hostname);
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      proxy.cuts += 1;
      if (freezes === true) return;
      client.destroy();
      upstream.destroy();
    };
    const pass = (from: Socket, to: Socket, way: "sent" | "received", most: number): void => {
      from.on("data", (data) => {
        if (over) return;
        const room = most - counts[way];
        counts[way] += Math.min(data.length, room);
        // The bytes up to the cut do arrive: half a message is what a lost connection leaves.
        if (room > 0) to.write(data.subarray(0, room));
        if (data.length >= room) end();
      });
    };
    pass(client, upstream, "sent", sent);
    pass(upstream, client, "received", received);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        open.delete(socket);
        if (freezes !== true || !over) other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.teardown(async () => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const front = new URL(url);
  front.hostname = "127.0.0.1";
  front.port = String((server.address() as AddressInfo).port);
  proxy.url = front.href;
  return proxy;
}
