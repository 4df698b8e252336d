import type { Client } from "../client/index.ts";
import type { TextKey } from "./texts/en/index.ts";

export type Locale = "en" | "vi";

/** Who is signed in, as `GET /v1/session` answers. */
export interface Session {
  readonly principal: string;
  readonly roles: readonly string[];
  readonly csrf_token: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly idle_expires_at: string;
  readonly now: string;
}

export type TextValues = Readonly<Record<string, string | number>>;

/**
 * What every screen and part is handed. A new one is made when the language or the session changes, so that whoever
 * shows texts of it shows them anew.
 */
export interface AppContext {
  readonly client: Client;
  readonly session: Session;
  readonly locale: Locale;
  /** The server's time in milliseconds: by its answers and a clock that nobody can set. */
  now(): number;
  t(key: TextKey, values?: TextValues): string;
  /** The text of `<family>.<value>`, e.g. of a status; the value itself where there is no text for it. */
  word(family: string, value: string): string;
  /**
   * @param path as in screens.ts, e.g. `/requests/APR-1?view=diff`; made with `pathTo` of paths.ts
   * @param replace in place of the present entry of the history, e.g. for a filter
   */
  navigate(path: string, replace?: boolean): void;
  toast(message: string, kind?: "info" | "error"): void;
}

/** Whether the person has one of the roles: for what is offered, never for what is allowed. */
export function hasRole(app: AppContext, ...roles: readonly string[]): boolean {
  return roles.some((role) => app.session.roles.includes(role));
}
