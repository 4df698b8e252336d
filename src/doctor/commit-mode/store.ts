import type { Tx } from "../../database/index.ts";

export interface KeyStateRow {
  kid: string;
  principal: string;
  status: "pending" | "active";
  valid_until: Date;
  /** Hours since it was registered. */
  waiting_hours: number;
  expired: boolean;
  expires_soon: boolean;
  owner_is_sovereign: boolean;
}

/** Keys that are not revoked, with what the clock and the roles make of them. */
export async function keyStates(tx: Tx, noticeSeconds: number): Promise<KeyStateRow[]> {
  const { rows } = await tx.query<KeyStateRow>(
    `SELECT kid, principal, status, valid_until,
            (extract(epoch FROM clock_timestamp() - registered_at) / 3600)::int AS waiting_hours,
            valid_until <= clock_timestamp() AS expired,
            valid_until <= clock_timestamp() + make_interval(secs => $1) AS expires_soon,
            holds_role(principal, 'sovereign') AS owner_is_sovereign
       FROM signing_keys WHERE status <> 'revoked' ORDER BY kid LIMIT 1000`,
    [noticeSeconds],
  );
  return rows;
}

/** Drafts that no key could make active: every sovereign with a key in force requested, voted or executes. */
export async function unsignableDrafts(tx: Tx): Promise<{ auth_code: string }[]> {
  const { rows } = await tx.query<{ auth_code: string }>(
    `SELECT g.auth_code FROM governance_build_authorization g JOIN approval_requests r ON r.apr_code = g.request_ref
      WHERE g.mode = 'commit' AND g.status = 'draft' AND g.expires_at > clock_timestamp()
        AND NOT EXISTS (
          SELECT FROM signing_keys k
           WHERE k.status = 'active' AND clock_timestamp() BETWEEN k.valid_from AND k.valid_until
             AND holds_role(k.principal, 'sovereign')
             AND k.principal <> r.requested_by AND k.principal <> g.scope ->> 'executor'
             AND NOT EXISTS (SELECT FROM apr_approvals v WHERE v.apr_code = r.apr_code AND v.voter = k.principal))
      ORDER BY g.auth_code LIMIT 1000`,
  );
  return rows;
}

/** Active grants whose signature is by a key that was revoked since. */
export async function grantsOfRevokedKeys(tx: Tx): Promise<{ auth_code: string; kid: string; revoked_at: Date }[]> {
  const { rows } = await tx.query<{ auth_code: string; kid: string; revoked_at: Date }>(
    `SELECT g.auth_code, k.kid, k.revoked_at
       FROM governance_build_authorization g JOIN grant_signatures s USING (auth_code) JOIN signing_keys k USING (kid)
      WHERE g.status = 'active' AND g.expires_at > clock_timestamp() AND k.status = 'revoked'
      ORDER BY g.auth_code LIMIT 1000`,
  );
  return rows;
}

export interface StandingHoldRow {
  id: string;
  environment: string | null;
  reason: string;
  placed_by: string;
  placed_at: Date;
}

export async function standingHolds(tx: Tx): Promise<StandingHoldRow[]> {
  const { rows } = await tx.query<StandingHoldRow>(
    `SELECT id, environment, reason, placed_by, placed_at FROM registration_holds
      WHERE lifted_at IS NULL ORDER BY placed_at LIMIT 1000`,
  );
  return rows;
}
