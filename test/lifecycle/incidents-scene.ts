import type { Test } from "tap";
import { type Database, openDatabase } from "../../src/database/index.ts";
import { canonicalJson, digestOfBytes } from "../../src/kernel/json.ts";
import { readGateway } from "../../src/lifecycle/index.ts";
import { installPlan, useUnits } from "../support/lifecycle.ts";
import type { Target } from "../support/runs.ts";
import { setStage, type Stage } from "../support/service.ts";

/** A rolled-out target whose gateway was accepted, and the control database that knows it. */
export interface Accepted {
  readonly stage: Stage;
  readonly control: Database;
  readonly target: Target;
  /** As the login of TARGETS. */
  readonly opened: Database;
  /** Accepts the gateway as it is now. */
  accept(): Promise<void>;
  incidents(): Promise<Record<string, unknown>[]>;
}

export async function acceptedGateway(t: Test): Promise<Accepted> {
  const stage = await setStage(t);
  const target = await useUnits(t);
  await installPlan(target, "lifecycle-enactment.yaml");
  const opened = openDatabase({ url: target.url, poolSize: 4 });
  t.teardown(() => opened.close());
  const control = stage.database;
  const accept = async (): Promise<void> => {
    const content = canonicalJson(await opened.transact(readGateway, { readOnly: true }));
    await control.transact((tx) =>
      tx.query(
        "INSERT INTO gateway_baselines (database, gateway_digest, content, reason, taken_by) VALUES ('default', $1, $2, 'seen', 'sovereign')",
        [digestOfBytes(content), content],
      ),
    );
  };
  await accept();
  const incidents = async () =>
    (await control.transact((tx) => tx.query("SELECT * FROM lifecycle_incidents ORDER BY incident_id"))).rows;
  return { stage, control, target, opened, accept, incidents };
}

export const disabled = {
  sql: "ALTER TABLE public.information_unit DISABLE TRIGGER trg_aa_iu_gateway_write_guard",
  back: "ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard",
  subject: "trigger public.information_unit.trg_aa_iu_gateway_write_guard",
} as const;

/**
 * A function with the detector's own signature over a log that a test writes line by line: `written(file, position)`.
 * The real one, over the log of a real server, is in test/acceptance/lifecycle/.
 */
export const writtenLog = `
  CREATE TABLE public.written (file text, place bigint, session_id text, line_num bigint);
  CREATE FUNCTION public.fn_iu_refused_writes(p_file text, p_position bigint)
    RETURNS TABLE (file text, next_position bigint, session_id text, line_num bigint, at timestamptz, role text, application_name text,
                   remote_host text, sqlstate text, message text, statement_sha256 text, operation text, object text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
      WITH piece AS (SELECT w.* FROM public.written w WHERE w.place >= coalesce(p_position, 0) ORDER BY w.place LIMIT 3)
      SELECT p.file, NULL::bigint, p.session_id, p.line_num, now(), 'somebody', 'psql', '::1', '42501', 'IU Gateway blocked', NULL, 'UPDATE', 'public.unit_version' FROM piece p
      UNION ALL
      SELECT 'a.json', coalesce((SELECT max(place) + 1 FROM piece), p_position, 0), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL $$;
  GRANT EXECUTE ON FUNCTION public.fn_iu_refused_writes(text, bigint) TO directus`;

export function writeLines(target: Target, from: number, count: number): Promise<unknown> {
  return target.query(
    "INSERT INTO public.written SELECT 'a.json', n, '5f.' || n % 2, n FROM generate_series($1::int, $1::int + $2::int - 1) AS n",
    [from, count],
  );
}

/**
 * A decision as the council's service makes it: on record in the control database, and carried to the target.
 * @returns its id
 */
export async function decideBoth(
  { control, target }: Pick<Accepted, "control" | "target">,
  kind: string,
  subjects: readonly string[],
  database = "default",
  decision: "approve" | "reject" = "approve",
): Promise<string> {
  const { rows } = await control.transact((tx) =>
    tx.query<{ decision_id: string; decided_by: string; decided_at: Date }>(
      `INSERT INTO review_decisions (decision_id, database, decision_kind, decision, subjects, reason, decided_by)
       VALUES (gen_random_uuid(), $3, $1, $4, $2, 'A test.', 'council_1') RETURNING decision_id, decided_by, decided_at`,
      [kind, subjects, database, decision],
    ),
  );
  const [row] = rows;
  if (row === undefined) throw new Error("no decision was recorded");
  await target.query("SELECT cutter_governance.fn_record_review_decision($1, $2, $6, $3, 'A test.', NULL, $4, $5)", [
    row.decision_id,
    kind,
    subjects,
    row.decided_by,
    row.decided_at,
    decision,
  ]);
  return row.decision_id;
}
