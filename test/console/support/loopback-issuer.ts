import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";
import type { Owner } from "../../support/service.ts";

/** The console of a service on this machine, whatever its port (RFC 8252, section 7.3). */
export const loopbackClient = "countersign-console-here";

/**
 * A real OpenID Connect provider with pages of its own, at which whoever gives a name is that person.
 * @param roles what the claim `roles` has for each of them
 */
export async function startLoopbackIssuer(
  t: Owner,
  roles: Readonly<Record<string, readonly string[]>>,
): Promise<string> {
  let respond: RequestListener = (_request, response) => void response.writeHead(503).end();
  const server = createServer((request, response) => respond(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(url, {
    clients: [
      {
        client_id: loopbackClient,
        application_type: "native",
        redirect_uris: ["http://127.0.0.1/console/callback"],
        token_endpoint_auth_method: "none",
      },
    ],
    cookies: { keys: [randomBytes(16).toString("hex")] },
    conformIdTokenClaims: false,
    claims: { openid: ["sub", "roles"] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, roles: roles[sub] ?? [] }) }),
  });
  const serve = provider.callback();
  respond = (request, response) => void serve(request, response);
  return url;
}
