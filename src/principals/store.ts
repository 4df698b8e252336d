import type { Tx } from "../database/index.ts";
import type { Role } from "../kernel/caller.ts";

export interface PrincipalRow {
  principal: string;
  roles: Role[];
  status: "active" | "disabled";
}

export interface IssuedPrincipalRow extends PrincipalRow {
  /** Null for one of the service's own. */
  issuer: string | null;
}

export interface TokenRow {
  token_id: string;
  principal: string;
  label: string;
  created_at: Date;
  created_by: string;
  expires_at: Date;
  last_used_at: Date | null;
  revoked_at: Date | null;
  revoked_by: string | null;
}

/** @returns whether it is new; where it is not, a transaction that was making it has ended */
export async function insertPrincipal(
  tx: Tx,
  principal: string,
  roles: readonly Role[],
  issuer: string | null,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    "INSERT INTO principals (principal, roles, issuer) VALUES ($1, $2, $3) ON CONFLICT (principal) DO NOTHING",
    [principal, roles, issuer],
  );
  return rowCount === 1;
}

/** Lets one process at a time decide whether there are principals yet. */
export async function lockPrincipals(tx: Tx): Promise<void> {
  await tx.query("SELECT pg_advisory_xact_lock(4226532)");
}

export async function findPrincipal(tx: Tx, principal: string): Promise<PrincipalRow | undefined> {
  const { rows } = await tx.query<PrincipalRow>(
    "SELECT principal, roles, status FROM principals WHERE principal = $1",
    [principal],
  );
  return rows[0];
}

export async function findPrincipalOfIssuer(tx: Tx, principal: string): Promise<IssuedPrincipalRow | undefined> {
  const { rows } = await tx.query<IssuedPrincipalRow>(
    "SELECT principal, roles, status, issuer FROM principals WHERE principal = $1",
    [principal],
  );
  return rows[0];
}

/** The row as it is once nobody else is changing it; nobody will until the transaction ends. */
export async function findPrincipalForUpdate(tx: Tx, principal: string): Promise<IssuedPrincipalRow | undefined> {
  const { rows } = await tx.query<IssuedPrincipalRow>(
    "SELECT principal, roles, status, issuer FROM principals WHERE principal = $1 FOR NO KEY UPDATE",
    [principal],
  );
  return rows[0];
}

export async function setRoles(tx: Tx, principal: string, roles: readonly Role[]): Promise<void> {
  await tx.query("UPDATE principals SET roles = $2 WHERE principal = $1", [principal, roles]);
}

/** The database's clock, to the millisecond. */
export async function databaseTime(tx: Tx): Promise<Date> {
  const { rows } = await tx.query<{ now: Date }>("SELECT clock_timestamp() AS now");
  return (rows[0] as { now: Date }).now;
}

export async function listPrincipals(tx: Tx): Promise<PrincipalRow[]> {
  const { rows } = await tx.query<PrincipalRow>("SELECT principal, roles, status FROM principals ORDER BY principal");
  return rows;
}

/** Active principals that hold at least one of the roles. */
export async function principalsWith(tx: Tx, roles: readonly Role[]): Promise<PrincipalRow[]> {
  const { rows } = await tx.query<PrincipalRow>(
    "SELECT principal, roles, status FROM principals WHERE status = 'active' AND roles && $1 ORDER BY principal",
    [roles],
  );
  return rows;
}

export async function insertToken(
  tx: Tx,
  token: {
    tokenId: string;
    principal: string;
    hmac: Buffer;
    pepperId: string;
    label: string;
    ttlSeconds: number;
    createdBy: string;
  },
): Promise<{ expires_at: Date }> {
  const { rows } = await tx.query<{ expires_at: Date }>(
    `INSERT INTO api_tokens (token_id, principal, token_hmac, pepper_id, label, created_by, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + make_interval(secs => $7)) RETURNING expires_at`,
    [token.tokenId, token.principal, token.hmac, token.pepperId, token.label, token.createdBy, token.ttlSeconds],
  );
  return rows[0] as { expires_at: Date };
}

export async function findToken(tx: Tx, tokenId: string) {
  const { rows } = await tx.query<{
    principal: string;
    roles: Role[];
    token_hmac: Buffer;
    pepper_id: string;
    usable: boolean;
    remaining_ms: number;
  }>(
    `SELECT t.principal, p.roles, t.token_hmac, t.pepper_id,
            t.revoked_at IS NULL AND t.expires_at > clock_timestamp() AND p.status = 'active' AS usable,
            1000 * extract(epoch FROM t.expires_at - clock_timestamp())::float8 AS remaining_ms
       FROM api_tokens t JOIN principals p USING (principal) WHERE t.token_id = $1`,
    [tokenId],
  );
  return rows[0];
}

export async function touchToken(tx: Tx, tokenIds: readonly string[]): Promise<void> {
  await tx.query(
    `UPDATE api_tokens SET last_used_at = clock_timestamp()
      WHERE token_id IN (SELECT token_id FROM api_tokens WHERE token_id = ANY ($1) ORDER BY token_id FOR UPDATE SKIP LOCKED)`,
    [tokenIds],
  );
}

export async function listTokens(tx: Tx): Promise<TokenRow[]> {
  const { rows } = await tx.query<TokenRow>(
    `SELECT token_id, principal, label, created_at, created_by, expires_at, last_used_at, revoked_at, revoked_by
       FROM api_tokens ORDER BY created_at DESC, token_id`,
  );
  return rows;
}

export async function markTokenRevoked(
  tx: Tx,
  tokenId: string,
  by: string,
): Promise<{ row: TokenRow | undefined; changed: boolean }> {
  const { rowCount } = await tx.query(
    "UPDATE api_tokens SET revoked_at = clock_timestamp(), revoked_by = $2 WHERE token_id = $1 AND revoked_at IS NULL",
    [tokenId, by],
  );
  const { rows } = await tx.query<TokenRow>(
    `SELECT token_id, principal, label, created_at, created_by, expires_at, last_used_at, revoked_at, revoked_by
       FROM api_tokens WHERE token_id = $1`,
    [tokenId],
  );
  return { row: rows[0], changed: rowCount === 1 };
}

export async function tokensExpiringWithin(tx: Tx, seconds: number): Promise<TokenRow[]> {
  const { rows } = await tx.query<TokenRow>(
    `SELECT token_id, principal, label, created_at, created_by, expires_at, last_used_at, revoked_at, revoked_by
       FROM api_tokens
      WHERE revoked_at IS NULL AND expires_at > clock_timestamp()
        AND expires_at <= clock_timestamp() + make_interval(secs => $1) ORDER BY expires_at`,
    [seconds],
  );
  return rows;
}

export async function matchKeyCheck(tx: Tx, keyId: string, check: Buffer): Promise<Buffer> {
  await tx.query("INSERT INTO server_key_checks (key_id, check_hmac) VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING", [
    keyId,
    check,
  ]);
  const { rows } = await tx.query<{ check_hmac: Buffer }>(
    "SELECT check_hmac FROM server_key_checks WHERE key_id = $1",
    [keyId],
  );
  return rows[0]?.check_hmac ?? Buffer.alloc(0);
}
