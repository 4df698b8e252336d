/** oidc-provider as a process of its own; beside its endpoints, `POST /seed?count=` makes codes that were granted. */
import { createHash } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import process from "node:process";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";
import pg from "pg";
import { adapters, schema } from "./oidc-adapter.ts";
import { client, verifier } from "./oidc-client.ts";

const [, , databaseUrl, port] = process.argv;
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
await pool.query(schema);

const audience = "https://service.bench";
const issuer = `http://127.0.0.1:${port}`;
const { privateKey } = await generateKeyPair("RS256", { extractable: true });
const seconds = 3_600;
const provider = new Provider(issuer, {
  adapter: adapters(pool),
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig", kid: "bench" }] },
  cookies: { keys: ["only-for-the-bench"] },
  clients: [{ ...client, redirect_uris: [client.redirect_uri], token_endpoint_auth_method: "none" }],
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      // Not signed: an opaque access token that is stored is the least that an exchange can cost.
      getResourceServerInfo: () => ({
        scope: "change",
        audience,
        accessTokenFormat: "opaque",
        accessTokenTTL: seconds,
      }),
    },
  },
  ttl: { AccessToken: seconds, AuthorizationCode: seconds, Grant: seconds },
});

/** What stands when a person has logged in and consented: the consent, and the code that the client was sent. */
async function makeCode(found: NonNullable<Awaited<ReturnType<typeof provider.Client.find>>>): Promise<string> {
  const grant = new provider.Grant({ accountId: "ada", clientId: client.client_id });
  grant.addResourceScope(audience, "change");
  const code = new provider.AuthorizationCode({
    client: found,
    accountId: "ada",
    grantId: await grant.save(),
    gty: "authorization_code",
    redirectUri: client.redirect_uri,
    resource: audience,
    scope: "change",
    codeChallenge: createHash("sha256").update(verifier).digest("base64url"),
    codeChallengeMethod: "S256",
  });
  return code.save();
}

async function seed(count: number, response: ServerResponse): Promise<void> {
  const found = await provider.Client.find(client.client_id);
  if (found === undefined) throw new Error("there is no client");
  const codes = await Promise.all(Array.from({ length: count }, () => makeCode(found)));
  response.end(JSON.stringify(codes));
}

const serve = provider.callback();
const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", issuer);
  if (url.pathname !== "/seed") return void serve(request, response);
  seed(Number(url.searchParams.get("count")), response).catch((error: unknown) => {
    response.writeHead(500).end(String(error));
  });
});
server.listen(Number(port), "127.0.0.1", () => console.log(issuer));
