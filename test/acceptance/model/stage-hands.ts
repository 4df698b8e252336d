import pg from "pg";
import type { Test } from "tap";
import { makeKey, registration, type TestKey, usableKey } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import type { Service, Stage } from "../../support/service.ts";
import {
  bindingsOf,
  grantCode,
  type GrantName,
  grantNames,
  outlines,
  requestCode,
  type Scene,
  sceneOf,
  storedRequest,
  targetOf,
} from "./scenery.ts";

/** Keys that all worlds share; none of them is ever revoked. */
export interface SharedKeys {
  readonly eddsa: TestKey;
  readonly es256: TestKey;
  /** Registered, and confirmed by nobody. */
  readonly pending: TestKey;
  /** Not even registered. */
  readonly unknown: TestKey;
}

export async function shareKeys(service: Service): Promise<SharedKeys> {
  const pending = makeKey("EdDSA", "pending");
  const body = registration(pending, "sovereign");
  await expectStatus(service.call("POST", "/v1/signing-keys", { as: "sovereign", body }), 201);
  return {
    eddsa: await usableKey(service, { key: makeKey("EdDSA", "eddsa") }),
    es256: await usableKey(service, { key: makeKey("ES256", "es256") }),
    pending,
    unknown: makeKey("EdDSA", "unknown"),
  };
}

/** A world that nobody has been in. */
export interface World {
  readonly scene: Scene;
  /** When its dry-run grant runs out. */
  readonly dryRunExpiry: string;
}

const batch = 64;

/**
 * Puts worlds in with SQL, many at once, as approvals would have left them: scopes, and requests with three approvals on record,
 * one of them of the council; and the dry-run grant, of which there would be one at a time over HTTP. Triggers and constraints are on.
 */
export class Worlds {
  readonly #stage: Stage;
  readonly #ready: World[] = [];
  #made = 0;
  #making: Promise<void> = Promise.resolve();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async take(): Promise<World> {
    for (;;) {
      const world = this.#ready.pop();
      if (world !== undefined) return world;
      this.#making = this.#making.then(() => (this.#ready.length === 0 ? this.#make() : undefined));
      await this.#making;
    }
  }

  async #make(): Promise<void> {
    const scenes = Array.from({ length: batch }, (_, index) => sceneOf(this.#made + index));
    this.#made += batch;
    const expiries = await this.#stage.database.transact(async (tx) => {
      await tx.query(
        `INSERT INTO scopes (carrier, namespace, axis, target, environment, database, allowed_action_sets, lease_name, rehearsal_required, created_by)
         SELECT 'C1', 'PROD-NS', 'dot:c1:vocab', target, environment, 'default', $2, lease_name, false, 'test'
           FROM jsonb_to_recordset($1) AS scope (target text, environment text, lease_name text)`,
        [JSON.stringify(scenes.flatMap(scopesOf)), '[["dot_iu_create_collection", "staging_consume"]]'],
      );
      const requests = scenes.flatMap((scene) => grantNames.map((name) => requestRow(scene, name)));
      const codes = requests.map(({ apr_code }) => apr_code);
      await tx.query(
        `INSERT INTO approval_requests (apr_code, apr_digest, content, title, proposed_action_code, risk, quorum, council_quorum, requested_by, decide_by)
         SELECT apr_code, digest, content, 'test', 'authorize_sovereign_build', 'sovereign', 3, 1, 'requester', clock_timestamp() + interval '1 day'
           FROM jsonb_to_recordset($1) AS request (apr_code text, digest text, content text)`,
        [JSON.stringify(requests)],
      );
      await tx.query(
        `INSERT INTO apr_approvals (apr_code, voter, decision, apr_digest, council, reason)
         SELECT apr_code, voter, 'approve', apr_digest, voter = 'council_1', 'as discussed'
           FROM approval_requests, unnest(ARRAY['approver_1', 'approver_2', 'council_1']) AS voter WHERE apr_code = ANY ($1)`,
        [codes],
      );
      await tx.query("UPDATE approval_requests SET status = 'approved' WHERE apr_code = ANY ($1)", [codes]);
      const { rows } = await tx.query<{ auth_code: string; expires_at: Date }>(
        `INSERT INTO governance_build_authorization
           (auth_code, request_ref, mode, scope, rollback_plan_ref, commit_allowed, requires_sovereign_esign, approval_ref, evidence,
            status, granted_at, granted_by, created_by, expires_at)
         SELECT auth_code, apr_code, 'dry-run', scope, rollback_plan_ref, false, false, '{}', '{}', 'active', now, 'test', 'test',
                now + make_interval(mins => $2)
           FROM jsonb_to_recordset($1) AS dry_run (auth_code text, apr_code text, scope jsonb, rollback_plan_ref text),
                date_trunc('milliseconds', clock_timestamp()) AS now
         RETURNING auth_code, expires_at`,
        [JSON.stringify(scenes.map(dryRunRow)), outlines.D.livesMinutes],
      );
      return new Map(rows.map((row) => [row.auth_code, row.expires_at.toISOString()]));
    });
    for (const scene of scenes) {
      this.#ready.push({ scene, dryRunExpiry: expiries.get(grantCode(scene, "D")) ?? "" });
    }
  }
}

function scopesOf(scene: Scene) {
  const { lease: lease_name, environments } = scene;
  return (["A1", "A3", "B"] as const).map((name) => ({
    target: targetOf(scene, name),
    environment: environments[outlines[name].site],
    lease_name,
  }));
}

function requestRow(scene: Scene, name: GrantName) {
  return { apr_code: requestCode(scene, name), ...storedRequest(scene, name) };
}

function dryRunRow(scene: Scene) {
  const { mode: _, rollback_plan_ref, ...bound } = bindingsOf(scene, "D");
  const scope = { ...bound, namespace: "DRYRUN-NS", axis: "dot:c1:vocab", target: targetOf(scene, "D") };
  return { auth_code: grantCode(scene, "D"), apr_code: requestCode(scene, "D"), scope, rollback_plan_ref };
}

/** Lets time pass for one world and no other. */
export interface Clock {
  pass(scene: Scene, minutes: number): Promise<void>;
}

/**
 * Moves the times of a world's rows into the past, as if that time had gone by. No role of the service can do it: a superuser gives
 * the guards of the two tables a condition once, which only their own connection does not meet.
 */
export async function makeClock(t: Test, stage: Stage): Promise<Clock> {
  const pool = new pg.Pool({ connectionString: stage.names.superUrl, max: 4 });
  t.teardown(() => pool.end());
  for (const [table, guard] of [
    ["governance_build_authorization", "guard_grant_update"],
    ["dot_iu_runtime_lease", "guard_lease"],
  ]) {
    await pool.query(
      `CREATE OR REPLACE TRIGGER ${guard} BEFORE UPDATE ON ${table} FOR EACH ROW
         WHEN (current_setting('test.time_passes', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION ${guard}();
       ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${guard}`,
    );
  }
  // Of a grant that is used only the time of its granting moves: the others are in its receipt.
  await pool.query(
    `CREATE FUNCTION let_time_pass(codes text[], leases text[], gone interval) RETURNS void
       LANGUAGE sql SET test.time_passes = 'on' AS $$
       UPDATE governance_build_authorization
          SET granted_at = granted_at - gone, expires_at = CASE status WHEN 'consumed' THEN expires_at ELSE expires_at - gone END
        WHERE auth_code = ANY (codes);
       UPDATE dot_iu_runtime_lease
          SET acquired_at = acquired_at - gone, renewed_at = renewed_at - gone, expires_at = expires_at - gone
        WHERE lease_name = ANY (leases) $$`,
  );
  return {
    async pass(scene, minutes) {
      const codes = grantNames.map((name) => grantCode(scene, name));
      const leases = [scene.lease, scene.otherLease];
      await pool.query("SELECT let_time_pass($1, $2, make_interval(mins => $3))", [codes, leases, minutes]);
    },
  };
}

/** A world's own key, as the sovereign would register it and the council confirm it. */
export function registerOwnKey(service: Service, scene: Scene): Promise<TestKey> {
  return usableKey(service, { key: makeKey("EdDSA", scene.ownKid) });
}
