import { ClientProblem } from "../client/index.ts";
import type { Session } from "./app-context.ts";

/** What opens a session: an API token, or what the issuer sent the browser back with. */
export type Credentials =
  | { readonly token: string }
  | { readonly code: string; readonly state: string; readonly iss?: string };

/** The session of this browser, or undefined where there is none. @throws when the service cannot be asked */
export async function currentSession(): Promise<Session | undefined> {
  const response = await fetch("/v1/session", { headers: { accept: "application/json" } });
  if (response.status === 401 || response.status === 404) return undefined;
  return read<Session>(response);
}

/** @throws ClientProblem UNAUTHENTICATED for credentials that are not accepted */
export async function openSession(credentials: Credentials): Promise<Session> {
  return read<Session>(await post("POST", "/v1/session", credentials));
}

export async function closeSession(session: Session): Promise<void> {
  await read(await post("DELETE", "/v1/session", undefined, session.csrf_token));
}

/** Whether people may sign in with an issuer. */
export async function offersIssuer(): Promise<boolean> {
  const response = await fetch("/v1/session/provider", { headers: { accept: "application/json" } });
  return (await read<{ oidc: boolean }>(response)).oidc;
}

/** Where the issuer wants to be asked; the service keeps what binds its answer to this browser. */
export async function issuerUrl(): Promise<string> {
  return (await read<{ authorization_url: string }>(await post("POST", "/v1/session/oidc", {}))).authorization_url;
}

function post(method: string, path: string, body?: unknown, csrf?: string): Promise<Response> {
  return fetch(path, {
    method,
    headers: {
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(csrf === undefined ? {} : { "x-csrf-token": csrf }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function read<Answer>(response: Response): Promise<Answer> {
  const document: unknown = await response.json().catch(() => ({}));
  if (response.ok) return document as Answer;
  throw new ClientProblem({ status: response.status, document: { ...(document as object) } });
}
