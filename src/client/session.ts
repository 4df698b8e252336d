import { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import type { Session, SignIn } from "./shapes.ts";

/** Signing in and out. None of it is ever sent again by itself: a code is good for once, and two sessions are one too many. */
export class SessionCalls extends Calls {
  open(input: SignIn, options?: CallOptions): Promise<Session> {
    return this.#once("POST", "/v1/session", input, options);
  }

  /** @throws NotFound without a session */
  read(options?: CallOptions): Promise<Session> {
    return this.get("/v1/session", {}, options);
  }

  end(options?: CallOptions): Promise<{ readonly ended_at: string }> {
    return this.#once("DELETE", "/v1/session", undefined, options);
  }

  /** Whether one can sign in with an OIDC issuer. */
  provider(options?: CallOptions): Promise<{ readonly oidc: boolean; readonly now: string }> {
    return this.get("/v1/session/provider", {}, options);
  }

  /** Begins to sign in with the issuer: the page goes to `authorization_url` next. */
  oidc(options?: CallOptions): Promise<{ readonly authorization_url: string }> {
    return this.#once("POST", "/v1/session/oidc", {}, options);
  }

  #once<Answer>(method: "POST" | "DELETE", path: string, body: unknown, options?: CallOptions): Promise<Answer> {
    return this.send({ method, path, body, kind: "once" }, options);
  }
}
