import { query } from "../../test/support/data-directory.ts";
import type { Scene } from "../scene/scene.ts";
import { targetOf } from "../scene/target.ts";
import type { CheckName } from "./checks.ts";
import type { Violation } from "./judge.ts";

type Rows = readonly Record<string, unknown>[];

/** What the record of the runs says, in the control database. */
const record = {
  runs: `SELECT idempotency_root AS root, auth_code, status, reserved FROM c1_build_run WHERE mode = 'commit' AND finished_at IS NOT NULL`,
  steps: `SELECT s.idempotency_root || ' ' || direction || ' ' || s.state AS step FROM c1_build_run_state s JOIN c1_build_run r USING (idempotency_root)
           WHERE r.mode = 'commit' AND s.status = 'ok' AND s.state BETWEEN 'S2' AND 'S6'`,
  leases: `SELECT lease_name, fencing_token FROM dot_iu_runtime_lease`,
} as const;

/** What the target has. */
const found = {
  runs: "SELECT run_root AS root, auth_code FROM countersign_run",
  steps: "SELECT run_root || ' ' || direction || ' ' || state AS step FROM countersign_run_marker",
  fences: "SELECT lease_name, fencing_token FROM countersign_fence",
} as const;

/** What must not be in the target, whatever the record says. */
const wrong: readonly { readonly check: CheckName; readonly text: string }[] = [
  {
    check: "fence",
    text: `SELECT run_root || ' ' || direction || ' ' || state || ' is marked with the fence ' || fencing_token || ' after one with ' || highest AS violation
             FROM (SELECT *, max(fencing_token) OVER (PARTITION BY lease_name ORDER BY marked_at, fencing_token) AS highest FROM countersign_run_marker) AS m
            WHERE fencing_token < highest
           UNION ALL SELECT f.lease_name || ' is at ' || f.fencing_token || ', with a marker of ' || max(m.fencing_token) FROM countersign_fence f
             JOIN countersign_run_marker m USING (lease_name) GROUP BY f.lease_name, f.fencing_token HAVING max(m.fencing_token) > f.fencing_token`,
  },
  {
    check: "double",
    text: `SELECT run_root || ' has ' || act || ' ' || subject || ' ' || count(*) || ' times' AS violation FROM c1.audit
            GROUP BY run_root, act, subject HAVING count(*) > 1
           UNION ALL SELECT run_root || ' has ' || count(*) || ' ' || kind FROM c1.build_evidence GROUP BY run_root, kind HAVING count(*) > 1`,
  },
  {
    check: "run",
    text: `SELECT run_root || ' ' || state || ' has a marker without its event' AS violation FROM countersign_run_marker m
            WHERE NOT EXISTS (SELECT FROM countersign_outbox o WHERE (o.run_root, o.direction, o.state, o.attempt) = (m.run_root, m.direction, m.state, m.attempt))
           UNION ALL SELECT a.run_root || ' has admitted ' || a.subject || ' without a marker' FROM c1.audit a
            WHERE NOT EXISTS (SELECT FROM countersign_run_marker m WHERE m.run_root = a.run_root)`,
  },
];

/**
 * Compares the record of the runs that write with what their target has: each step that is said to be done is marked there,
 * no other one is, each has had its effect once, fences only rise, and what has succeeded stands.
 */
export async function inspectTarget({ cluster, stage }: Scene): Promise<readonly Violation[]> {
  const target = targetOf(cluster).cluster;
  const targetUrl = target.server.url(new URL(target.targetUrl).pathname.slice(1));
  const said = (text: string): Promise<Rows> => query(stage.names.superUrl, text);
  const has = (text: string): Promise<Rows> => query(targetUrl, text);
  const [made] = await has(
    "SELECT to_regclass('countersign_run_marker') IS NOT NULL AND to_regclass('c1.audit') IS NOT NULL AS made",
  );
  // Nothing has been written there so far, and nothing may be said to have been.
  if (made?.["made"] !== true)
    return (await said(record.steps)).map(({ step }) =>
      lost(`${String(step)} is done on record, and nothing is in the target`),
    );
  const violations: Violation[] = [];
  for (const { check, text } of wrong) {
    violations.push(...(await has(text)).map(({ violation }) => ({ check, what: String(violation) })));
  }
  const runs = await said(record.runs);
  // The record first: a run that has not ended yet marks its steps in the target before it says so.
  const steps = new Set((await said(record.steps)).map(({ step }) => String(step)));
  const markers = new Set((await has(found.steps)).map(({ step }) => String(step)));
  violations.push(...differences(steps, markers, runs));
  violations.push(...strangers(runs, await has(found.runs)));
  violations.push(...fences(await said(record.leases), await has(found.fences)));
  violations.push(...(await fallen(runs, has)));
  return violations;
}

const lost = (what: string): Violation => ({ check: "lost", what });
const runViolation = (what: string): Violation => ({ check: "run", what });

function differences(steps: ReadonlySet<string>, markers: ReadonlySet<string>, runs: Rows): Violation[] {
  const ended = new Set(runs.map(({ root }) => String(root)));
  const gone = [...steps]
    .filter((step) => !markers.has(step))
    .map((step) => `${step} is done on record and not in the target`);
  const unsaid = [...markers]
    .filter((step) => !steps.has(step) && ended.has(step.split(" ", 1)[0] ?? ""))
    .map((step) => `${step} is done in the target and not on record`);
  return [...gone.map(lost), ...unsaid.map(runViolation)];
}

/** A run that the target knows and the record does not, or whose grant is another one. */
function strangers(runs: Rows, known: Rows): Violation[] {
  const grants = new Map(known.map(({ root, auth_code }) => [String(root), String(auth_code)]));
  return runs
    .filter(({ root, auth_code, status }) => {
      const grant = grants.get(String(root));
      return status === "succeeded" ? grant !== auth_code : grant !== undefined && grant !== auth_code;
    })
    .map(({ root }) => runViolation(`${String(root)} is not the run in the target that its grant is for`));
}

/** A fence is given out in the control database first. */
function fences(leases: Rows, raised: Rows): Violation[] {
  const given = new Map(
    leases.map(({ lease_name, fencing_token }) => [String(lease_name), BigInt(String(fencing_token))]),
  );
  return raised
    .filter(({ lease_name, fencing_token }) => BigInt(String(fencing_token)) > (given.get(String(lease_name)) ?? 0n))
    .map(
      ({ lease_name, fencing_token }): Violation => ({
        check: "fence",
        what: `${String(lease_name)} was raised to ${String(fencing_token)}, which nobody was given`,
      }),
    );
}

/** Each run admits the values up to its size, which its root ends with: those of the greatest that has succeeded all stand. */
async function fallen(runs: Rows, has: (text: string) => Promise<Rows>): Promise<Violation[]> {
  const sizes = runs
    .filter(({ status }) => status === "succeeded")
    .map(({ root }) => Number(String(root).split("-").at(-1)));
  const size = Math.max(0, ...sizes);
  const [row] = await has(
    `SELECT count(*)::integer AS standing FROM c1.operation_vocabulary WHERE status = 'active' AND substr(operation_code, 5)::integer < ${size}`,
  );
  const standing = Number(row?.["standing"]);
  return standing === size ? [] : [runViolation(`${standing} of ${size} values stand that runs have admitted`)];
}
