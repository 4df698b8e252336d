import { digestOfBytes } from "../../src/kernel/json.ts";
import { type Base, executor, onceAs } from "./place.ts";

const digest = `sha256:${"0".repeat(64)}`;

/** What a grant of the bench is bound to; each has a plan of its own, as grants have. */
export function bindingsOf(planId: string) {
  return {
    mode: "dry-run",
    carrier: "C1",
    plan_id: planId,
    plan_revision: "1",
    manifest_digest: digest,
    schema_digest: digest,
    environment: "rehearsal",
    executor,
    action_set: ["staging_consume"],
    rollback_plan_ref: "bench",
  };
}

/** An approved request that nobody has executed. */
export interface Approved {
  readonly aprCode: string;
  readonly digest: string;
}

/** The code of the grant of a request of the bench; it is also the name of the grant's plan. */
export const grantOf = (aprCode: string): string => `GBA-C1-${aprCode}`;

/** Stands for the code of a request, which also names its target. */
const code = "@code@";
const { mode: _mode, rollback_plan_ref: _ref, ...scopeBindings } = bindingsOf(grantOf(code));

/** A request for a grant, as it is stored. */
interface Kind {
  readonly action: "authorize_build_step" | "authorize_sovereign_build";
  readonly risk: "high" | "sovereign";
  readonly quorum: number;
  readonly scope: Readonly<Record<string, unknown>>;
}

const axis = "dot:c1:vocab";
const dryRun: Kind = {
  action: "authorize_build_step",
  risk: "high",
  quorum: 2,
  scope: { ...scopeBindings, namespace: "DRYRUN-NS", axis, target: code },
};
/** Of a scope of its own: all dry runs of the service have one target, which has one live grant. */
const sovereign: Kind = {
  action: "authorize_sovereign_build",
  risk: "sovereign",
  quorum: 3,
  scope: { ...scopeBindings, environment: "bench", namespace: "PROD-NS", axis, target: code },
};

const contentOf = ({ action, risk, scope }: Kind): string =>
  JSON.stringify({
    apr_code: code,
    commit: risk === "sovereign",
    justification: "For the bench.",
    proposed_action: {
      ...scope,
      plan_ref: "plans/c1-vocabulary.yaml",
      rollback_plan_ref: "bench",
      step_name: "C1_VOCAB_BUILD",
    },
    proposed_action_code: action,
    risk,
    title: "bench",
  });

const voters = ["bench-approver-1", "bench-approver-2", "bench-council"] as const;
let series = 0;

/**
 * Requests that have their quorum, each for a plan and a target of its own, put in by a few statements with every trigger and
 * constraint on; they are numbered from 1.
 */
async function submit(superUrl: string, kind: Kind, prefix: string, count: number): Promise<void> {
  await onceAs(
    superUrl,
    `INSERT INTO principals (principal, roles) SELECT 'bench-requester', '{requester}'::text[]
      UNION ALL SELECT voter, '{approver,council}'::text[] FROM unnest($1::text[]) AS voter ON CONFLICT DO NOTHING`,
    [[...voters]],
  );
  await onceAs(
    superUrl,
    `INSERT INTO approval_requests (apr_code, apr_digest, content, title, proposed_action_code, risk, quorum, council_quorum,
                                    requested_by, decide_by)
     SELECT code, 'sha256:' || encode(sha256(convert_to(content, 'UTF8')), 'hex'), content, 'bench', $4, $5, $6::int, $6::int - 2,
            'bench-requester', clock_timestamp() + interval '1 day'
       FROM (SELECT $1 || '-' || n AS code, replace($2, '${code}', $1 || '-' || n) AS content
               FROM generate_series(1, $3::int) AS n OFFSET 0) AS given`,
    [prefix, contentOf(kind), count, kind.action, kind.risk, kind.quorum],
  );
  await onceAs(
    superUrl,
    `INSERT INTO apr_approvals (apr_code, voter, decision, apr_digest, council, reason)
     SELECT apr_code, voter, 'approve', apr_digest, place = 3, 'bench'
       FROM approval_requests, unnest($2::text[]) WITH ORDINALITY AS v (voter, place)
      WHERE apr_code LIKE $1 || '-%' AND place <= quorum`,
    [prefix, [...voters]],
  );
  await onceAs(superUrl, "UPDATE approval_requests SET status = 'approved' WHERE apr_code LIKE $1 || '-%'", [prefix]);
}

async function settle(superUrl: string): Promise<void> {
  await onceAs(
    superUrl,
    "VACUUM ANALYZE governance_build_authorization, approval_requests, apr_approvals, scopes, grant_receipts, audit_events",
  );
  await onceAs(superUrl, "CHECKPOINT");
}

/**
 * Active grants, each for a plan and a target of its own.
 * @returns the codes; each is also its plan's name. They are numbered from 1 after what they begin with.
 */
export async function seed(place: Pick<Base, "superUrl">, count: number): Promise<string[]> {
  const codes = await insertGrants(place.superUrl, count);
  await settle(place.superUrl);
  return codes;
}

async function insertGrants(superUrl: string, count: number): Promise<string[]> {
  const prefix = `B${(series += 1)}`;
  await submit(superUrl, dryRun, prefix, count);
  await onceAs(
    superUrl,
    `INSERT INTO governance_build_authorization
       (auth_code, request_ref, mode, scope, rollback_plan_ref, commit_allowed, requires_sovereign_esign, approval_ref, evidence,
        status, granted_at, granted_by, created_by, expires_at)
     SELECT 'GBA-C1-' || apr_code, apr_code, 'dry-run', replace($2, '${code}', apr_code)::jsonb, 'bench', false, false, '{}', '{}',
            'active', now, 'bench', 'bench', now + interval '1 day'
       FROM approval_requests, clock_timestamp() AS now WHERE apr_code LIKE $1 || '-%'`,
    [prefix, JSON.stringify(dryRun.scope)],
  );
  return Array.from({ length: count }, (_, at) => grantOf(`${prefix}-${at + 1}`));
}

/** Requests that have their quorum and wait to be executed, each for the grant of a registered scope of its own. */
async function insertApproved(superUrl: string, count: number): Promise<readonly Approved[]> {
  const prefix = `M${(series += 1)}`;
  await onceAs(
    superUrl,
    `INSERT INTO scopes (carrier, namespace, axis, target, environment, database, allowed_action_sets, lease_name,
                         rehearsal_required, created_by)
     SELECT 'C1', 'PROD-NS', $3, $1 || '-' || n, 'bench', 'default', jsonb_build_array($4::jsonb), lower($1 || '-' || n), false, 'bench'
       FROM generate_series(1, $2::int) AS n`,
    [prefix, count, axis, JSON.stringify(scopeBindings.action_set)],
  );
  await submit(superUrl, sovereign, prefix, count);
  const content = contentOf(sovereign);
  return Array.from({ length: count }, (_, at) => {
    const aprCode = `${prefix}-${at + 1}`;
    return { aprCode, digest: digestOfBytes(content.replaceAll(code, aprCode)) };
  });
}

export interface Stock {
  readonly grants: readonly string[];
  readonly requests: readonly Approved[];
}

/**
 * All that the rounds use up, while nobody else is on the database: the triggers, which check what these rows are by their
 * making, are off meanwhile.
 */
export async function stockUp(
  { superUrl }: Pick<Base, "superUrl">,
  count: { readonly grants: number; readonly requests: number },
): Promise<Stock> {
  // Foreign keys and ordinary triggers are for sessions of another role than this one's.
  const bulk = new URL(superUrl);
  bulk.searchParams.set("options", "-c session_replication_role=replica -c synchronous_commit=off -c jit=off");
  const triggers = await onceAs<{ relation: string; name: string }>(
    superUrl,
    `SELECT tgrelid::regclass::text AS relation, quote_ident(tgname) AS name FROM pg_trigger
      WHERE tgenabled = 'A' AND tgrelid = ANY ('{approval_requests,apr_approvals,governance_build_authorization,scopes}'::regclass[])`,
  );
  const switchAll = async (to: "DISABLE" | "ENABLE ALWAYS"): Promise<void> => {
    for (const { relation, name } of triggers) await onceAs(superUrl, `ALTER TABLE ${relation} ${to} TRIGGER ${name}`);
  };
  await switchAll("DISABLE");
  try {
    const grants = await insertGrants(bulk.href, count.grants);
    const requests = await insertApproved(bulk.href, count.requests);
    return { grants, requests };
  } finally {
    await switchAll("ENABLE ALWAYS");
    await settle(superUrl);
  }
}
