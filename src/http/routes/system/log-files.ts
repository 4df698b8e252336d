import type { FastifyInstance } from "fastify";
import { readCheckpoint, readLogFile } from "../../../evidence/index.ts";
import { ServiceProblem } from "../../../kernel/problems.ts";
import type { RoutePolicy } from "../../policy.ts";
import type { CoreServices } from "../../services.ts";

/**
 * The audit log as files: what witnesses and monitors of C2SP tlog-tiles read, under `/v1/audit/log` as the prefix (AUDIT-2).
 * @param readers whether a token of an auditor is needed
 */
export function logFileRoutes(app: FastifyInstance, services: CoreServices, readers: "auditors" | "everyone"): void {
  const policy: RoutePolicy = { access: readers === "everyone" ? "open" : ["auditor"], mutates: false, audit: null };
  app.get(
    "/v1/audit/log/checkpoint",
    {
      config: { policy },
      schema: documented("getLogCheckpoint", "The signed head of the log, as a file", "text/plain"),
    },
    async (_request, reply) => {
      const { note } = await services.database.transact(readCheckpoint, { readOnly: true });
      return reply.header("cache-control", "no-cache").type("text/plain; charset=utf-8").send(note);
    },
  );

  app.get<{ Params: { "*": string } }>(
    "/v1/audit/log/tile/*",
    {
      config: { policy },
      schema: documented("getLogTile", "A tile of hashes, or a bundle of entries", "application/octet-stream"),
    },
    async (request, reply) => {
      const path = `tile/${request.params["*"]}`;
      const file = await services.database.transact((tx) => readLogFile(tx, path), { readOnly: true });
      if (file === undefined) throw new ServiceProblem("NOT_FOUND", "The log has no such tile.");
      // What is in the log stays as it is.
      const visibility = readers === "everyone" ? "public" : "private";
      return reply
        .header("cache-control", `${visibility}, max-age=31536000, immutable`)
        .type("application/octet-stream")
        .send(Buffer.from(file));
    },
  );
}

function documented(operationId: string, summary: string, mediaType: string) {
  return {
    operationId,
    summary,
    description:
      "For witnesses and monitors, as C2SP tlog-tiles has it. With a token of an auditor, or where AUDIT_LOG_READERS says so, without.",
    tags: ["audit"],
    response: { 200: { description: "The file", content: { [mediaType]: { schema: { type: "string" } } } } },
    security: [{}, { bearer: [] }],
    "x-problem-codes": ["UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "METHOD_NOT_ALLOWED"],
  };
}
