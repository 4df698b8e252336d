import helmet, { type FastifyHelmetOptions } from "@fastify/helmet";
import fastify, { type FastifyInstance } from "fastify";

/** No page of the service needs anything that it does not serve itself; what a page needs beyond that, its route sets. */
const options: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      "default-src": ["'none'"],
      "base-uri": ["'none'"],
      "form-action": ["'none'"],
      "frame-ancestors": ["'none'"],
    },
  },
  referrerPolicy: { policy: "no-referrer" },
  xFrameOptions: { action: "deny" },
};

/** Puts the headers on every answer, errors included. They are the same for all, so they are worked out once. */
export function securityHeaders(app: FastifyInstance): void {
  let headers: Readonly<Record<string, string>> = {};
  app.register(async () => {
    headers = await headersOf(options);
  });
  app.addHook("onRequest", (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
}

/** What the library says on an answer of a server that does nothing else. */
async function headersOf(of: FastifyHelmetOptions): Promise<Readonly<Record<string, string>>> {
  const server = fastify({ logger: false });
  const headers: Record<string, string> = {};
  server.register(helmet, of);
  server.get("/", (_request, reply) => {
    for (const [name, value] of Object.entries(reply.raw.getHeaders())) headers[name] = String(value);
    return reply.send();
  });
  await server.inject("/");
  await server.close();
  return headers;
}
