import { readCatalog } from "../../src/runs/builds/c1-vocabulary/index.ts";
import { openDatabase } from "../../src/database/index.ts";
import type { Stage } from "./service.ts";
import type { Prepared, Target } from "./runs.ts";

/** Every row of the collection, without times; the names of run and grant, which differ from run to run, stand as such. */
export async function remains(target: Target, prepared: Prepared): Promise<string> {
  const database = openDatabase({ url: target.url, poolSize: 1 });
  try {
    const catalog = await database.transact((tx) => readCatalog(tx), { readOnly: true });
    if (catalog === undefined) return "no collection";
    const tables = ["collection", "field", "table_registry", "operation_vocabulary", "audit", "build_evidence"];
    const rows = await Promise.all(
      tables.map((table) =>
        target.query(
          `SELECT '${table}' AS table, to_jsonb(r) - 'at' - 'tx' - 'recorded_at' AS row FROM c1.${table} r ORDER BY (to_jsonb(r) - 'at' - 'tx' - 'recorded_at')::text`,
        ),
      ),
    );
    const text = JSON.stringify({ catalog, rows: rows.flat() }, null, 1);
    return text.replaceAll(prepared.root, "ROOT").replaceAll(prepared.authCode, "GRANT");
  } finally {
    await database.close();
  }
}

/** What must hold of a finished run, whatever became of the processes that worked on it; empty where all of it does. */
export async function faultsOfFinished(
  stage: Stage,
  target: Target,
  prepared: Prepared,
  states: number,
): Promise<string[]> {
  const { root, authCode } = prepared;
  const ask = async (text: string, values: unknown[] = [root]): Promise<Record<string, unknown>> => {
    const { rows } = await stage.database.transact((tx) => tx.query(text, values), {
      readOnly: true,
    });
    return rows[0] ?? {};
  };
  const facts: Record<string, unknown> = {
    ...(await ask(
      `SELECT r.status, r.last_ok_state = $2 AS at_the_end, r.event_seq = (SELECT count(*) FROM c1_build_run_event e WHERE e.idempotency_root = $1) AS gapless,
              (SELECT count(*) FROM c1_build_run_state s WHERE s.idempotency_root = $1 AND s.status = 'ok' AND s.direction = 'forward')::int AS ok_states,
              (SELECT count(*) FROM c1_build_run_state s WHERE s.idempotency_root = $1 AND s.status = 'running')::int AS open_states
         FROM c1_build_run r WHERE r.idempotency_root = $1`,
      [root, `S${states - 1}`],
    )),
    ...(await ask(
      `SELECT (SELECT count(*) FROM grant_receipts WHERE auth_code = $1)::int AS receipts,
              (SELECT status || ' ' || (evidence #>> '{run,status}') FROM governance_build_authorization WHERE auth_code = $1) AS grant,
              (SELECT count(*) FROM dot_iu_runtime_lease WHERE released_at IS NULL)::int AS leases`,
      [authCode],
    )),
    ...(await ask(
      `SELECT count(*) FILTER (WHERE action = 'run.succeeded')::int AS ends, count(*) FILTER (WHERE action = 'run.state_ok')::int AS ok_events,
              count(DISTINCT after ->> 'state') FILTER (WHERE action = 'run.state_ok')::int AS ok_event_states
         FROM audit_events WHERE resource_type = 'run' AND resource_id = $1`,
    )),
  };
  const markers = await target.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM countersign_run_marker WHERE run_root = $1",
    [root],
  );
  const expected: Record<string, unknown> = {
    status: "succeeded",
    at_the_end: true,
    gapless: true,
    ok_states: states,
    open_states: 0,
    receipts: 1,
    grant: "consumed succeeded",
    leases: 0,
    ends: 1,
  };
  const faults = Object.entries(expected).filter(([name, value]) => facts[name] !== value);
  return [
    ...faults.map(([name, value]) => `${name} is ${String(facts[name])}, not ${String(value)}`),
    ...(facts["ok_event_states"] === states ? [] : [`${String(facts["ok_event_states"])} states have an audit event`]),
    ...(prepared.body["bindings"] !== undefined && (prepared.body["bindings"] as { mode: string }).mode === "commit"
      ? [
          ...(markers[0]?.count === states - 3 ? [] : [`${markers[0]?.count} markers`]),
          ...(facts["ok_events"] === states ? [] : [`${String(facts["ok_events"])} events of states that are done`]),
        ]
      : markers[0]?.count === 0
        ? []
        : ["a rehearsal has left markers"]),
  ];
}
