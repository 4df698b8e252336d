import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import { identify } from "../principals/index.ts";
import { endSession } from "./end.ts";
import { presentSession } from "./read.ts";
import type { Session } from "./schemas.ts";
import { hashOf, newSecret } from "./secret.ts";
import { findSession, insertSession } from "./store.ts";

export interface SessionLimits {
  /** How long a session lasts, whatever is done with it. */
  readonly seconds: number;
  /** How long it lasts if nothing is done with it. */
  readonly idleSeconds: number;
}

/** By what somebody signs in: a token of this service, or what the issuer said of them. */
export type WayIn =
  | { readonly token: string; readonly keys: ServerKeys }
  | { readonly principal: string; readonly issuer: string };

export interface Opening {
  readonly way: WayIn;
  readonly limits: SessionLimits;
  /** The secret of the session that the browser had until now: it ends. */
  readonly former: string | undefined;
  readonly requestId: string;
}

/**
 * Opens a session under a secret that nobody has seen before; one that the browser brought is never taken over (session fixation).
 * @throws ServiceProblem UNAUTHENTICATED
 */
export async function openSession(tx: Tx, opening: Opening): Promise<{ secret: string; session: Session }> {
  const { principal, tokenId, issuer } = await whoComes(tx, opening.way);
  const caller: Caller = { principal, roles: [], requestId: opening.requestId };
  if (opening.former !== undefined) await endSession(tx, opening.requestId, opening.former, "replaced");
  const secret = newSecret();
  const row = await insertSession(tx, { secretHash: hashOf(secret), principal, tokenId, issuer, ...opening.limits });
  await appendEvent(tx, caller, {
    action: "session.opened",
    resourceType: "session",
    resourceId: row.session_id,
    after: {
      principal,
      ...(tokenId === null ? { issuer } : { token_id: tokenId }),
      expires_at: row.expires_at.toISOString(),
    },
  });
  const seen = await findSession(tx, hashOf(secret));
  if (seen === undefined || seen.over !== null) throw refusal();
  return { secret, session: presentSession(seen, secret) };
}

async function whoComes(tx: Tx, way: WayIn) {
  if ("issuer" in way) return { principal: way.principal, tokenId: null, issuer: way.issuer };
  const identity = await identify(tx, way.keys, way.token);
  if (identity === null) throw refusal();
  return { principal: identity.principal, tokenId: identity.tokenId, issuer: null };
}

function refusal(): ServiceProblem {
  return new ServiceProblem("UNAUTHENTICATED", "The token is unknown, expired or revoked.");
}
