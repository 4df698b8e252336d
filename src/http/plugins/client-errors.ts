import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { ServiceProblem } from "../../kernel/problems.ts";
import { problemDocument, problemMediaType } from "../problem-document.ts";

const known: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, "The request's headers are too large."],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "The chunk extensions are too large."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request did not arrive in time."],
};

/**
 * Answers what is not HTTP, or too much of it, as a problem too. There is no request object yet, so the answer is
 * written to the socket, which is then closed.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const [status, detail] = known[error.code ?? ""] ?? [400, "The request is not valid HTTP/1.1."];
  const requestId = randomUUID();
  const code = status === 413 ? "PAYLOAD_TOO_LARGE" : "INVALID_REQUEST";
  const body = JSON.stringify(problemDocument(new ServiceProblem(code, detail), { requestId, url: "/" }, status));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${problemMediaType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    "cache-control: no-store",
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
