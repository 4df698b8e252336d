import { type Adapter, type AdapterPayload, errors } from "oidc-provider";
import type pg from "pg";

export const schema = `
  CREATE TABLE oidc_model (
    kind        text NOT NULL,
    id          text NOT NULL,
    payload     jsonb NOT NULL,
    grant_id    text,
    uid         text,
    user_code   text,
    expires_at  timestamptz,
    consumed_at timestamptz,
    PRIMARY KEY (kind, id)
  );
  CREATE INDEX oidc_by_grant ON oidc_model (grant_id) WHERE grant_id IS NOT NULL;
  CREATE UNIQUE INDEX oidc_by_uid ON oidc_model (kind, uid) WHERE uid IS NOT NULL;
  CREATE UNIQUE INDEX oidc_by_user_code ON oidc_model (kind, user_code) WHERE user_code IS NOT NULL;`;

interface Row {
  readonly payload: AdapterPayload;
  readonly consumed: number | null;
}

/** What oidc-provider keeps, in PostgreSQL: each operation is one statement, and its own transaction. */
export function adapters(pool: pg.Pool): (kind: string) => Adapter {
  const query = async (name: string, text: string, values: unknown[]) => pool.query<Row>({ name, text, values });
  const select = (column: "id" | "uid" | "user_code"): string =>
    `SELECT payload, extract(epoch FROM consumed_at)::bigint::int AS consumed FROM oidc_model
      WHERE kind = $1 AND ${column} = $2 AND (expires_at IS NULL OR expires_at > clock_timestamp())`;
  const find = async (kind: string, column: "id" | "uid" | "user_code", value: string) => {
    const { rows } = await query(`find by ${column}`, select(column), [kind, value]);
    const [row] = rows;
    if (row === undefined) return undefined;
    return row.consumed === null ? row.payload : { ...row.payload, consumed: row.consumed };
  };
  return (kind) => ({
    async upsert(id, payload, expiresIn) {
      await query(
        "upsert",
        `INSERT INTO oidc_model (kind, id, payload, grant_id, uid, user_code, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7 * interval '1 second')
         ON CONFLICT (kind, id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid,
           user_code = excluded.user_code, expires_at = excluded.expires_at`,
        [kind, id, payload, payload.grantId, payload.uid, payload.userCode, expiresIn],
      );
    },
    find: (id) => find(kind, "id", id),
    findByUid: (uid) => find(kind, "uid", uid),
    findByUserCode: (userCode) => find(kind, "user_code", userCode),
    // Of two that exchange one code at the same time, the second finds nothing to mark: it is refused.
    async consume(id) {
      const { rowCount } = await query(
        "consume",
        "UPDATE oidc_model SET consumed_at = clock_timestamp() WHERE kind = $1 AND id = $2 AND consumed_at IS NULL",
        [kind, id],
      );
      if (rowCount !== 1) throw new errors.InvalidGrant("it was used already");
    },
    async destroy(id) {
      await query("destroy", "DELETE FROM oidc_model WHERE kind = $1 AND id = $2", [kind, id]);
    },
    async revokeByGrantId(grantId) {
      await query("revoke", "DELETE FROM oidc_model WHERE grant_id = $1", [grantId]);
    },
  });
}
