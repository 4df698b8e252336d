import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import type { Owner } from "../support/service.ts";

export interface Received {
  readonly id: string;
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly path: string;
  readonly at: number;
  readonly message: {
    readonly type: string;
    readonly timestamp: string;
    readonly data: { readonly seq: number; readonly resource_type: string; readonly resource_id: string } & Record<
      string,
      unknown
    >;
  };
}

/** What a receiver does with a request; 204 if it returns without an answer. */
export type Behaviour = (
  received: Received,
  response: http.ServerResponse,
  request: http.IncomingMessage,
) => void | Promise<void>;

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: Received[];
  behave(behaviour: Behaviour): void;
  /** Resolves once the condition holds; it is looked at after each request. */
  until(condition: (received: readonly Received[]) => boolean): Promise<void>;
}

/** A real HTTP server that takes webhooks. */
export async function startReceiver(t: Owner, behaviour?: Behaviour): Promise<Receiver> {
  let behave = behaviour ?? (() => undefined);
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const one = read(request, Buffer.concat(chunks).toString());
      received.push(one);
      for (const look of waiting) look();
      void answer(behave, one, response, request);
    });
    response.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(async () => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    behave: (next) => void (behave = next),
    until: (condition) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!condition(received)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

async function answer(
  behave: Behaviour,
  one: Received,
  response: http.ServerResponse,
  request: http.IncomingMessage,
): Promise<void> {
  await behave(one, response, request);
  if (!response.headersSent && !response.destroyed && !held.has(response)) response.writeHead(204).end();
}

const held = new WeakSet<http.ServerResponse>();

/** Leaves the request without an answer. */
export const hang: Behaviour = (_, response) => void held.add(response);

function read(request: http.IncomingMessage, body: string): Received {
  return {
    id: String(request.headers["webhook-id"]),
    body,
    headers: request.headers,
    path: request.url ?? "",
    at: performance.now(),
    message: JSON.parse(body) as Received["message"],
  };
}

/** Whether the signature is good under that secret, by the library that a receiver would use. */
export function isSigned({ body, headers }: Received, secret: string): boolean {
  const named = Object.fromEntries(
    ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => [name, String(headers[name])]),
  );
  try {
    new Webhook(secret).verify(body, named);
    return true;
  } catch {
    return false;
  }
}
