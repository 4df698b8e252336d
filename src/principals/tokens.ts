import { randomBytes } from "node:crypto";
import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller, Role } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { type ServerKeys, sameBytes } from "../kernel/server-keys.ts";
import { findToken, insertToken, listTokens, markTokenRevoked, type TokenRow, touchToken } from "./store.ts";

/** Whether it looks like a token of this service; no other kind of token begins so. */
export function isApiToken(token: string): boolean {
  return token.startsWith("cs_");
}

const form = /^cs_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

export interface NewToken {
  readonly principal: string;
  readonly label: string;
  readonly ttlSeconds: number;
}

export interface Identity {
  readonly principal: string;
  readonly roles: readonly Role[];
  /** Null for a token that this service did not make. */
  readonly tokenId: string | null;
  /** Milliseconds, by the database's clock, until the token expires. */
  readonly remainingMs: number;
}

/**
 * Makes an API token of 256 random bits. The plain token is answered once and kept nowhere: the table holds its HMAC
 * and the id of the key that made it.
 */
export async function createToken(tx: Tx, caller: Caller, keys: ServerKeys, input: NewToken) {
  const tokenId = randomBytes(8).toString("hex");
  const secret = randomBytes(32).toString("base64url");
  const hmac = keys.mac("api-token", keys.currentId, `${tokenId}.${secret}`);
  if (hmac === undefined) throw new Error("the current server key is missing");
  const row = await insertToken(tx, { tokenId, hmac, pepperId: keys.currentId, createdBy: caller.principal, ...input });
  await appendEvent(tx, caller, {
    action: "token.created",
    resourceType: "token",
    resourceId: tokenId,
    after: { principal: input.principal, label: input.label, expires_at: row.expires_at.toISOString() },
  });
  return { token: `cs_${tokenId}_${secret}`, tokenId, expiresAt: row.expires_at };
}

/**
 * Who a bearer token stands for, or null: unknown, expired, revoked, of a disabled principal, or made under a key that
 * this service lacks. The secret is compared in constant time.
 */
export async function identify(tx: Tx, keys: ServerKeys, token: string): Promise<Identity | null> {
  const [, tokenId, secret] = form.exec(token) ?? [];
  if (tokenId === undefined || secret === undefined) return null;
  const row = await findToken(tx, tokenId);
  if (row === undefined) return null;
  const expected = keys.mac("api-token", row.pepper_id, `${tokenId}.${secret}`);
  if (expected === undefined || !sameBytes(expected, row.token_hmac)) return null;
  if (!row.usable) return null;
  return { principal: row.principal, roles: row.roles, tokenId, remainingMs: row.remaining_ms };
}

/** Records that tokens were used; at most once a minute each, away from the requests themselves. */
export async function recordUse(tx: Tx, tokenIds: readonly string[]): Promise<void> {
  if (tokenIds.length > 0) await touchToken(tx, tokenIds);
}

/** Revokes a token; revoking again answers the first revocation. @throws ServiceProblem NOT_FOUND */
export async function revokeToken(tx: Tx, caller: Caller, tokenId: string): Promise<TokenRow> {
  const { row, changed } = await markTokenRevoked(tx, tokenId, caller.principal);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no token ${tokenId}.`);
  if (changed) {
    await appendEvent(tx, caller, {
      action: "token.revoked",
      resourceType: "token",
      resourceId: tokenId,
      before: { revoked: false },
      after: { revoked: true, principal: row.principal },
    });
  }
  return row;
}

/** All tokens, newest first, without anything that could be used as one. */
export async function tokens(tx: Tx): Promise<TokenRow[]> {
  return listTokens(tx);
}
