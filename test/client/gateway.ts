import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Owner } from "../support/service.ts";

/**
 * What becomes of one request on its way. Where the answer is lost or cut, or the gateway says 502 or 504, the service has
 * got the request and has answered it; where the gateway leaves early, it is still at it.
 */
export type Fate =
  | "pass"
  | "lose-request"
  | "lose-answer"
  | "cut-answer"
  | "leave-early"
  | "hang"
  | { readonly before: number; readonly retryAfter?: number; readonly code?: string }
  | { readonly after: number };

export interface Passed {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Gateway {
  url: string;
  /** What was asked of it, in order. */
  readonly passed: readonly Passed[];
  /** The fates of the next requests; what is not in it passes. */
  fates: Fate[];
  /** Is shown what the service answers, whatever becomes of it. */
  onAnswer: (text: string) => void;
}

/** An HTTP gateway between a client and a service, which can be made bad. @param behind the service's URL */
export async function gatewayTo(t: Owner, behind: string): Promise<Gateway> {
  const passed: Passed[] = [];
  const gateway: Gateway = { url: "", passed, fates: [], onAnswer: () => undefined };
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      passed.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers, body });
      return meet(gateway, behind, request, body, response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.teardown(async () => {
    server.closeAllConnections();
    server.close();
  });
  gateway.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return gateway;
}

async function meet(
  gateway: Gateway,
  behind: string,
  request: IncomingMessage,
  body: string,
  response: ServerResponse,
): Promise<void> {
  const fate = gateway.fates.shift() ?? "pass";
  if (fate === "hang") return;
  if (fate === "lose-request") return void response.destroy();
  if (typeof fate === "object" && "before" in fate) {
    const { before, retryAfter, code = "OVERLOADED" } = fate;
    const headers = { "content-type": "application/problem+json" };
    response.writeHead(before, retryAfter === undefined ? headers : { ...headers, "retry-after": String(retryAfter) });
    return void response.end(JSON.stringify({ status: before, code, detail: "as the test wants it" }));
  }
  if (fate === "leave-early") response.destroy();
  const answer = await forward(behind, request, body);
  gateway.onAnswer(answer.body.toString("utf8"));
  if (fate === "leave-early") return;
  if (fate === "lose-answer") return void response.destroy();
  if (typeof fate === "object") return void response.writeHead(fate.after).end("<html>the gateway has lost it</html>");
  response.writeHead(answer.status, answer.headers);
  if (fate === "pass") return void response.end(answer.body);
  response.write(answer.body.subarray(0, answer.body.length / 2), () => response.destroy());
}

/** Asks the service the same. @returns its answer, whole */
function forward(behind: string, request: IncomingMessage, body: string) {
  const { method = "GET", headers } = request;
  const { host: _, ...others } = headers;
  return new Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }>((resolve, reject) => {
    const asked = ask(new URL(request.url ?? "/", behind), { method, headers: others, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }),
      );
      answer.on("error", reject);
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
