import { createHash } from "node:crypto";
import pg from "pg";
import { digestOfBytes } from "../../src/kernel/json.ts";
import { executor, type Place, requester, voters } from "./place.ts";

/** Prime to every size, so that the plans lie far apart in the history. */
const stride = 7_919;
let series = 0;
/** How many were made so far in a database, by whether they stay. */
const made = new Map<string, number>();

/** Whether the grants are used up before the next ones are made, or stay: no plan has two live grants. */
export type Fate = "used" | "stays";

/** A plan of the history, another one each time; the two fates have a half of them each. Every hundredth number is NIGHTLY. */
function nextPlan(place: Place, size: number, fate: Fate): string {
  const key = JSON.stringify([place.name, size, fate]);
  const nth = made.get(key) ?? 0;
  made.set(key, nth + 1);
  const half = Math.floor((size * 99) / 200);
  if (fate === "stays" && nth >= half) throw new Error(`a history of ${size} grants has no plan left`);
  const at = ((nth * stride) % half) + (fate === "stays" ? half : 0);
  return `PLAN-${1 + at + Math.floor(at / 99)}`;
}

export interface Live {
  readonly authCode: string;
  readonly planId: string;
}

export interface Approved {
  readonly aprCode: string;
  readonly digest: string;
}

/** The digest that the history has for the content of a plan. */
export function manifestOf(planId: string): string {
  return `sha256:${createHash("sha256").update(planId).digest("hex")}`;
}

/** What a grant of a plan of the history is bound to. */
export function bindingsOf(planId: string) {
  return {
    mode: "dry-run",
    carrier: "C1",
    plan_id: planId,
    plan_revision: "1",
    manifest_digest: manifestOf(planId),
    schema_digest: manifestOf(planId),
    environment: "rehearsal",
    executor,
    action_set: ["dot_iu_create_collection", "staging_consume"],
    rollback_plan_ref: "DOT_C1_ROLLBACK_CHECK",
  };
}

/**
 * Active grants, through every constraint and trigger. Each is of a plan that was rehearsed before and has a dead grant with
 * the same bindings somewhere in a history of this size.
 */
export async function seedLive(
  place: Place,
  { size, count, fate }: { size: number; count: number; fate: Fate },
): Promise<readonly Live[]> {
  const prefix = `L${(series += 1)}`;
  const requests = Array.from({ length: count }, (_, at) => {
    const planId = nextPlan(place, size, fate);
    const aprCode = `${prefix}-${at}`;
    const { mode: _mode, rollback_plan_ref: _ref, ...bindings } = bindingsOf(planId);
    const scope = { ...bindings, namespace: "DRYRUN-NS", axis: "dot:c1:vocab", target: aprCode };
    return { aprCode, planId, scope };
  });
  await inTransaction(place, async (client) => {
    await submit(
      client,
      requests.map(({ aprCode, scope }) => ({ aprCode, action: "authorize_build_step", proposed: scope })),
    );
    await client.query(
      `INSERT INTO governance_build_authorization
         (auth_code, request_ref, mode, scope, rollback_plan_ref, commit_allowed, requires_sovereign_esign, approval_ref, evidence,
          status, granted_at, granted_by, created_by, expires_at)
       SELECT 'GBA-C1-' || "aprCode", "aprCode", 'dry-run', scope, 'DOT_C1_ROLLBACK_CHECK', false, false, '{}', '{}', 'active', now,
              'bench', 'bench', now + interval '1 day'
         FROM jsonb_to_recordset($1::jsonb) AS given ("aprCode" text, scope jsonb), clock_timestamp() AS now`,
      [JSON.stringify(requests)],
    );
    await client.query(
      `UPDATE approval_requests SET status = 'executed', result = 'OK', result_at = now(), result_by = 'bench', auth_code = 'GBA-C1-' || apr_code
        WHERE apr_code = ANY ($1)`,
      [requests.map(({ aprCode }) => aprCode)],
    );
  });
  return requests.map(({ aprCode, planId }) => ({ authCode: `GBA-C1-${aprCode}`, planId }));
}

/** Requests that have their quorum, each for the commit-mode grant of a registered scope of its own. */
export async function seedApproved(place: Place, count: number): Promise<readonly Approved[]> {
  const prefix = `M${(series += 1)}`;
  const requests = Array.from({ length: count }, (_, at): Request => {
    const aprCode = `${prefix}-${at}`;
    const { mode: _mode, ...bindings } = bindingsOf(`PLAN-${aprCode}`);
    const where = { namespace: "PROD-NS", axis: "dot:c1:vocab", target: aprCode, environment: "bench" };
    const refs = { plan_ref: "plans/c1-vocabulary.yaml", step_name: "C1_VOCAB_BUILD" };
    return { aprCode, action: "authorize_sovereign_build", proposed: { ...bindings, ...where, ...refs } };
  });
  return inTransaction(place, async (client) => {
    await client.query(
      `INSERT INTO scopes (carrier, namespace, axis, target, environment, database, allowed_action_sets, lease_name,
                           rehearsal_required, created_by)
       SELECT 'C1', 'PROD-NS', 'dot:c1:vocab', code, 'bench', 'default', '[["dot_iu_create_collection", "staging_consume"]]',
              lower(code), false, 'bench' FROM unnest($1::text[]) AS code`,
      [requests.map(({ aprCode }) => aprCode)],
    );
    return submit(client, requests);
  });
}

interface Request {
  readonly aprCode: string;
  readonly action: "authorize_build_step" | "authorize_sovereign_build";
  readonly proposed: object;
}

/** Stores them with the votes of their quorum. */
async function submit(client: pg.Client, requests: readonly Request[]): Promise<readonly Approved[]> {
  const stored = requests.map(({ aprCode, action, proposed }) => {
    const commit = action === "authorize_sovereign_build";
    const content = JSON.stringify({
      apr_code: aprCode,
      commit,
      justification: "For the bench.",
      proposed_action: proposed,
      proposed_action_code: action,
      risk: commit ? "sovereign" : "high",
      title: aprCode,
    });
    return { aprCode, action, content, digest: digestOfBytes(content), quorum: commit ? 3 : 2 };
  });
  const given = JSON.stringify(stored);
  const codes = stored.map(({ aprCode }) => aprCode);
  await client.query(
    `INSERT INTO approval_requests (apr_code, apr_digest, content, title, proposed_action_code, risk, quorum, council_quorum,
                                    requested_by, created_at, decide_by)
     SELECT "aprCode", digest, content, "aprCode", action, CASE quorum WHEN 3 THEN 'sovereign' ELSE 'high' END, quorum, quorum - 2,
            '${requester}', now, now + interval '1 day'
       FROM jsonb_to_recordset($1::jsonb) AS r ("aprCode" text, digest text, content text, action text, quorum int), clock_timestamp() AS now`,
    [given],
  );
  await client.query(
    `INSERT INTO apr_approvals (apr_code, voter, decision, apr_digest, council, reason)
     SELECT "aprCode", voter, 'approve', digest, place = 3, 'as discussed'
       FROM jsonb_to_recordset($1::jsonb) AS r ("aprCode" text, digest text, quorum int),
            unnest($2::text[]) WITH ORDINALITY AS v (voter, place) WHERE place <= quorum`,
    [given, [...voters]],
  );
  await client.query("UPDATE approval_requests SET status = 'approved' WHERE apr_code = ANY ($1)", [codes]);
  return stored.map(({ aprCode, digest }) => ({ aprCode, digest }));
}

async function inTransaction<T>(place: Place, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: place.superUrl });
  await client.connect();
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } finally {
    await client.end();
  }
}
