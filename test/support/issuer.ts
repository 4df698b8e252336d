import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { Provider } from "oidc-provider";

interface Owner {
  teardown(work: () => Promise<void>): unknown;
}

/** What both kinds of issuer call this service. */
export const audience = "https://countersign.test";

interface Listening {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly requests: string[];
  /** Cuts off every connection, old and new, until `up` is called. */
  down(): void;
  up(): void;
}

/** A server on a port of its own, closed at the test's end. `respond` may be changed while it runs. */
async function listen(t: Owner, on: { respond: RequestListener }): Promise<Listening> {
  const requests: string[] = [];
  let cut = false;
  const server: Server = createServer((request, response) => {
    requests.push(request.url ?? "");
    on.respond(request, response);
  });
  server.on("connection", (socket) => {
    if (cut) socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    down: () => {
      cut = true;
      server.closeAllConnections();
    },
    up: () => {
      cut = false;
    },
  };
}

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** The public half, as a key set has it. */
  readonly jwk: JWK;
}

export async function signingKey(alg = "ES256", kid: string = randomBytes(6).toString("hex")): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

/** Seconds since 1970, this many from now. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1_000) + seconds;
}

export interface StaticIssuer extends Listening {
  readonly key: SigningKey;
  /** What the discovery document and the key set say; a test may change them. */
  readonly documents: { discovery: unknown; keys: unknown };
  /** A token that is good but for the changes; a claim or header parameter that is undefined is left out. */
  sign(
    claims?: Record<string, unknown>,
    header?: Record<string, unknown>,
    key?: CryptoKey | Uint8Array,
  ): Promise<string>;
}

/** An issuer of documents alone, for tokens that no proper provider would issue: the test signs them. */
export async function startStaticIssuer(t: Owner, key?: SigningKey): Promise<StaticIssuer> {
  const own = key ?? (await signingKey());
  const documents: StaticIssuer["documents"] = { discovery: undefined, keys: { keys: [own.jwk] } };
  const listening = await listen(t, {
    respond: ({ url }, response) => {
      const found = url === "/.well-known/openid-configuration" ? documents.discovery : documents.keys;
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found));
    },
  });
  const issuer = listening.url;
  documents.discovery = { issuer, jwks_uri: `${issuer}/jwks` };
  return {
    ...listening,
    key: own,
    documents,
    sign: (claims = {}, header = {}, signer = own.privateKey) => {
      const good = { iss: issuer, aud: audience, sub: "ada", iat: inSeconds(0), exp: inSeconds(300) };
      const parameters = { alg: own.jwk.alg ?? "ES256", kid: own.kid, typ: "at+jwt", ...header };
      return new SignJWT({ ...good, ...claims }).setProtectedHeader(parameters).sign(signer);
    },
  };
}

export interface Issuer extends Listening {
  /** What the claim `roles` of a token has, by the client or person it is for. */
  readonly roles: Map<string, unknown>;
  /** A token by the client-credentials flow, for the client itself. */
  clientToken(): Promise<string>;
  /** A token by the authorization-code flow with PKCE, after the person has logged in and consented. */
  personToken(person: string): Promise<string>;
  /** New keys in place of the old ones. */
  rotate(): Promise<void>;
}

/** The client of {@link Issuer.clientToken}: a program with a secret. */
export const machine = { client_id: "build-robot", client_secret: "a-secret-of-the-build-robot" };
const browserClient = { client_id: "approval-ui", redirect_uri: "https://approvals.test/callback" };
/** This service itself as a client of the issuer, where people sign in at its console. */
export const consoleClient = {
  client_id: "countersign-console",
  client_secret: "a secret: of the console's & own+%",
  origin: "https://countersign.test",
};
const lifetimeSeconds = 600;

/** A real OpenID Connect provider (`oidc-provider`) with JWT access tokens, which takes whatever name logs in. */
export async function startIssuer(t: Owner): Promise<Issuer> {
  const on = { respond: (_: IncomingMessage, response: ServerResponse): void => void response.end() };
  const listening = await listen(t, { respond: (request, response) => on.respond(request, response) });
  const roles = new Map<string, unknown>();
  const rotate = async (): Promise<void> => {
    on.respond = handler(await provider(listening.url, roles));
  };
  await rotate();
  return {
    ...listening,
    roles,
    rotate,
    clientToken: () => {
      const { client_id, client_secret } = machine;
      return token(listening.url, { grant_type: "client_credentials", client_id, client_secret, scope: "change" });
    },
    personToken: async (person) => {
      const verifier = randomBytes(32).toString("base64url");
      const code = await authorize(listening.url, person, verifier);
      const { client_id, redirect_uri } = browserClient;
      const grant = { grant_type: "authorization_code", client_id, redirect_uri, code, code_verifier: verifier };
      return token(listening.url, grant);
    },
  };
}

async function provider(issuer: string, roles: ReadonlyMap<string, unknown>): Promise<Provider> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const key = { ...(await exportJWK(privateKey)), alg: "RS256", use: "sig", kid: randomBytes(6).toString("hex") };
  return new Provider(issuer, {
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    clients: [
      {
        ...machine,
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: "client_secret_post",
      },
      {
        client_id: browserClient.client_id,
        redirect_uris: [browserClient.redirect_uri],
        token_endpoint_auth_method: "none",
      },
      {
        client_id: consoleClient.client_id,
        client_secret: consoleClient.client_secret,
        redirect_uris: [`${consoleClient.origin}/console/callback`],
      },
    ],
    conformIdTokenClaims: false,
    claims: { openid: ["sub", "roles"] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, roles: roles.get(sub) }) }),
    extraTokenClaims: (_, { clientId = "", ...made }) => ({
      roles: roles.get("accountId" in made ? made.accountId : clientId),
    }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: "change",
          audience,
          accessTokenFormat: "jwt",
          accessTokenTTL: lifetimeSeconds,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    ttl: {
      AccessToken: lifetimeSeconds,
      ClientCredentials: lifetimeSeconds,
      Grant: lifetimeSeconds,
      IdToken: lifetimeSeconds,
      Interaction: lifetimeSeconds,
      Session: lifetimeSeconds,
    },
  });
}

/** The provider with its login and its consent page; what is posted to them is the name of the person. */
function handler(issuer: Provider): RequestListener {
  const serve = issuer.callback();
  return (request, response) => {
    if (!request.url?.startsWith("/interaction/")) return void serve(request, response);
    if (request.method !== "POST") return void response.end("<form method=post><input name=person></form>");
    settle(issuer, request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  };
}

async function settle(issuer: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const person = new URLSearchParams(await text(request)).get("person") ?? "";
  const { prompt, session, params } = await issuer.interactionDetails(request, response);
  if (prompt.name === "login") {
    return issuer.interactionFinished(request, response, { login: { accountId: person } });
  }
  const grant = new issuer.Grant({ accountId: session?.accountId ?? "", clientId: String(params["client_id"]) });
  grant.addOIDCScope("openid");
  grant.addResourceScope(audience, "change");
  return issuer.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

/** Goes the way of a browser from the authorization request to the code that comes back. */
async function authorize(issuer: string, person: string, verifier: string): Promise<string> {
  const state = randomBytes(8).toString("hex");
  const asked = new URLSearchParams({
    ...browserClient,
    response_type: "code",
    scope: "change",
    resource: audience,
    state,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const request = new URL(`/auth?${asked.toString()}`, issuer);
  return codeIn(await logIn(request, person, browserClient.redirect_uri), state);
}

/** Follows an authorization request as a person's browser does, logs in, consents, and answers where the issuer sends it then. */
export async function logIn(request: URL, person: string, redirectUri: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let page = request;
  let body: URLSearchParams | undefined;
  for (let step = 0; step < 12; step += 1) {
    const answer = await fetch(page, {
      method: body === undefined ? "GET" : "POST",
      redirect: "manual",
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(body && { body }),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    const content = await answer.text();
    const location = answer.headers.get("location");
    body = location === null && answer.status === 200 ? new URLSearchParams({ person }) : undefined;
    if (location === null && body === undefined) throw new Error(`${page.href}: ${answer.status} ${content}`);
    if (location !== null) page = new URL(location, page);
    if (page.href.startsWith(redirectUri)) return page;
  }
  throw new Error("the login goes round in circles");
}

function codeIn(callback: URL, state: string): string {
  const code = callback.searchParams.get("code");
  if (code === null || callback.searchParams.get("state") !== state) throw new Error(callback.href);
  return code;
}

async function token(issuer: string, grant: Record<string, string>): Promise<string> {
  const body = new URLSearchParams({ resource: audience, ...grant });
  const answer = await fetch(new URL("/token", issuer), { method: "POST", body });
  const made = (await answer.json()) as { access_token?: string };
  if (made.access_token === undefined) throw new Error(JSON.stringify(made));
  return made.access_token;
}
