import process from "node:process";
import fastify from "fastify";

/**
 * The least that a service on the same framework could do: read the body and answer, with no database. What it answers is given
 * as its first word: what the service has answered to the same.
 */
const answers = JSON.parse(process.argv[2] ?? "{}") as Readonly<Record<string, unknown>>;
const app = fastify({ logger: false });
app.post("/v1/grants/verify", async () => answers["verify"]);
app.post("/v1/grants/:code/consume", async () => answers["consume"]);
app.post("/v1/approval-requests/:code/execute", async (_request, reply) => reply.code(201).send(answers["mint"]));
console.log(await app.listen({ host: "127.0.0.1", port: 0 }));
