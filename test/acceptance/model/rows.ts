import type pg from "pg";
import type { Memory } from "./expectation.ts";
import { grantCode, grantNames, requestCode, type Scene } from "./scenery.ts";

/** Every row of a world, with the times as statuses. What ran out reads as expired, whether or not a sweep has been there. */
const everyRow = `
  SELECT
    (SELECT json_object_agg(g.auth_code, json_build_object(
              'status', CASE WHEN status IN ('draft', 'active') AND expires_at <= clock_timestamp() THEN 'expired' ELSE status END,
              'consumed_by', consumed_by, 'idempotency_root', idempotency_root, 'revoked_by', revoked_by,
              'revoked_reason', revoked_reason, 'kid', s.kid, 'minutes', extract(epoch FROM expires_at - granted_at) / 60))
       FROM governance_build_authorization g LEFT JOIN grant_signatures s ON s.auth_code = g.auth_code
             AND s.esign_ref = g.sovereign_esign_ref WHERE g.auth_code = ANY ($1)) AS grants,
    (SELECT json_object_agg(auth_code, json_build_object('consumed_by', consumed_by, 'idempotency_root', idempotency_root,
              'lease_name', lease_name, 'fencing_token', fencing_token))
       FROM grant_receipts WHERE auth_code = ANY ($1)) AS receipts,
    (SELECT json_object_agg(apr_code, json_build_object('result', result, 'auth_code', auth_code))
       FROM approval_requests WHERE apr_code = ANY ($2) AND result IS NOT NULL) AS requests,
    (SELECT json_object_agg(lease_name, json_build_object('name', lease_name, 'holder', lease_holder, 'fencing_token', fencing_token,
              'auth_code', auth_code, 'minutes', extract(epoch FROM expires_at - renewed_at) / 60,
              'status', CASE WHEN released_at IS NOT NULL THEN 'released'
                                                     WHEN expires_at <= clock_timestamp() THEN 'expired' ELSE 'held' END))
       FROM dot_iu_runtime_lease WHERE lease_name = ANY ($3)) AS leases,
    (SELECT json_agg(json_build_object('environment', environment, 'placed_by', placed_by, 'lifted_by', lifted_by) ORDER BY placed_at)
       FROM registration_holds WHERE environment = ANY ($4) OR id::text = ANY ($5)) AS holds,
    (SELECT revoked_by FROM signing_keys WHERE kid = $6) AS key_revoked_by,
    (SELECT json_agg(json_build_array(resource_id, actor || ' ' || action) ORDER BY seq) FROM audit_events
      WHERE resource_type IN ('grant', 'approval_request', 'lease', 'hold', 'signing_key')
        AND resource_id = ANY ($1 || $2 || $3 || $5 || ARRAY[$6])) AS events`;

interface Found {
  grants: object | null;
  receipts: object | null;
  requests: object | null;
  leases: object | null;
  holds: object[] | null;
  key_revoked_by: string | null;
  events: [resource: string, event: string][] | null;
}

/** The rows of the world in the form of the model's `rows()`. */
export async function readRows(pool: pg.Pool, scene: Scene, memory: Memory) {
  const holds = [...memory].filter(([name]) => name.startsWith("hold "));
  const result = await pool.query<Found>(everyRow, [
    grantNames.map((name) => grantCode(scene, name)),
    grantNames.map((name) => requestCode(scene, name)),
    [scene.lease, scene.otherLease],
    scene.environments,
    holds.map(([, id]) => id),
    scene.ownKid,
  ]);
  const [found] = result.rows;
  if (found === undefined) throw new Error("a SELECT without FROM has no row");
  const names = new Map(holds.map(([name, id]) => [id, name]));
  return {
    grants: found.grants ?? {},
    receipts: found.receipts ?? {},
    requests: found.requests ?? {},
    leases: found.leases ?? {},
    holds: found.holds ?? [],
    key_revoked_by: found.key_revoked_by,
    events: eventsByResource(found.events ?? [], names),
  };
}

/** Without what the sweep does in its own time, and the making of the world's key. */
function eventsByResource(events: Found["events"] & {}, names: ReadonlyMap<string, string>) {
  const own = events.filter(
    ([, event]) => !/ (?:grant\.expired|signing_key\.registered|signing_key\.confirmed)$/.test(event),
  );
  const byResource = Map.groupBy(own, ([resource]) => names.get(resource) ?? resource);
  return Object.fromEntries([...byResource].map(([resource, ones]) => [resource, ones.map(([, event]) => event)]));
}
