import type { Database, Tx } from "../database/index.ts";
import type { Role } from "../kernel/caller.ts";
import type { Session } from "./schemas.ts";
import { csrfTokenOf, hashOf, isSecret } from "./secret.ts";
import { databaseTime, findSession, type SeenSessionRow, touchSession } from "./store.ts";

/**
 * Whose session a secret stands for, with the roles of now; null where it is over or never was. Nothing is remembered between
 * requests: a session that has ended ends nowhere later. Its use is written down once in a while.
 */
export async function whoseSession(
  database: Database,
  secret: string,
): Promise<{ principal: string; roles: readonly Role[] } | null> {
  if (!isSecret(secret)) return null;
  const read = { readOnly: true, single: true } as const;
  const row = await database.transact((tx) => findSession(tx, hashOf(secret)), read);
  if (row === undefined || row.over !== null) return null;
  // It may have ended since it was read: then it is not kept awake, and not taken.
  if (row.due && !(await database.transact((tx) => touchSession(tx, row.session_id)))) return null;
  return { principal: row.principal, roles: row.roles };
}

/** Whether the session is open. That somebody asks does not keep it so. */
export async function isOpenSession(database: Database, secret: string): Promise<boolean> {
  const read = { readOnly: true, single: true } as const;
  const row = await database.transact((tx) => findSession(tx, hashOf(secret)), read);
  return row !== undefined && row.over === null;
}

/** The session as its page sees it; undefined where there is none. */
export async function readSession(tx: Tx, secret: string): Promise<Session | undefined> {
  const row = isSecret(secret) ? await findSession(tx, hashOf(secret)) : undefined;
  return row === undefined || row.over !== null ? undefined : presentSession(row, secret);
}

export function presentSession(row: SeenSessionRow, secret: string): Session {
  return {
    principal: row.principal,
    roles: row.roles,
    csrf_token: csrfTokenOf(secret),
    created_at: row.opened_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    idle_expires_at: row.idle_expires_at.toISOString(),
    now: row.now.toISOString(),
  };
}

export { databaseTime as sessionTime };
