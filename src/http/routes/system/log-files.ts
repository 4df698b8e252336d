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
  const documented = (operationId: string, summary: string) => ({
    operationId,
    summary,
    tags: ["audit"],
    security: [{}, { bearer: [] }],
    "x-problem-codes": ["UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "METHOD_NOT_ALLOWED"],
  });

  app.get(
    "/v1/audit/log/checkpoint",
    { config: { policy }, schema: documented("getLogCheckpoint", "The signed head of the log, as a file") },
    async (_request, reply) => {
      const { note } = await services.database.transact(readCheckpoint, { readOnly: true });
      return reply.header("cache-control", "no-cache").type("text/plain; charset=utf-8").send(note);
    },
  );

  app.get<{ Params: { "*": string } }>(
    "/v1/audit/log/tile/*",
    { config: { policy }, schema: documented("getLogTile", "A tile of hashes, or a bundle of entries") },
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
