import { Client } from "../client/index.ts";
import type { AppContext, Locale, Session } from "./app-context.ts";
import { format, type TextTable, wordFor } from "./locale.ts";

export interface Surroundings {
  readonly table: TextTable;
  readonly locale: Locale;
  readonly client: Client;
  readonly now: () => number;
  readonly navigate: (path: string, replace?: boolean) => void;
  readonly toast: (message: string, kind?: "info" | "error") => void;
}

/** Who stands for nobody, before somebody has signed in: for what shows texts only. */
export const nobody: Session = {
  principal: "",
  roles: [],
  csrf_token: "",
  created_at: "",
  expires_at: "",
  idle_expires_at: "",
  now: "",
};

/** A client of the service that this page came from; the browser adds the session's cookie. */
export function sessionClient(csrf: () => string | undefined, watched: typeof fetch): Client {
  return new Client({ url: "", session: { csrf }, fetch: watched });
}

export function contextOf(session: Session, around: Surroundings): AppContext {
  const { table, locale, client, now, navigate, toast } = around;
  return {
    client,
    session,
    locale,
    now,
    navigate,
    toast,
    t: (key, values) => format(table, key, values),
    word: (family, value) => wordFor(table, family, value),
  };
}

/**
 * A fetch that tells of each answered request, and of a refusal that may mean that the session is no longer what this
 * page believes: wherever it happens, the shell asks once and not each screen for itself.
 */
export function watchedFetch(told: { answered(): void; refused(): void }): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.status === 401) told.refused();
    else if (response.status === 403 && (await codeOf(response.clone())) === "CSRF_TOKEN_INVALID") told.refused();
    else told.answered();
    return response;
  };
}

async function codeOf(response: Response): Promise<unknown> {
  const document: unknown = await response.json().catch(() => undefined);
  return typeof document === "object" && document !== null && "code" in document ? document.code : undefined;
}
