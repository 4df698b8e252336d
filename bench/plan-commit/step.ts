/** One step, the same for whoever does it: a table with an index and a row, and five rows in a table that is there. */
export interface BenchStep {
  readonly sql: string;
  readonly evidence: readonly { readonly name: string; readonly sql: string; readonly expect: object }[];
  /** What it writes to and finds there: backed up before. */
  readonly touched: string;
  /** The plan with this one step. JSON is YAML. */
  readonly source: string;
}

/** @param index makes the names its own */
export function benchStep(index: number): BenchStep {
  const table = `public.bench_${index}`;
  const touched = "public.event_type_registry";
  const sql = `
    CREATE TABLE ${table} (
      code text CONSTRAINT bench_${index}_pkey PRIMARY KEY, title text NOT NULL, status text NOT NULL,
      CONSTRAINT bench_${index}_status_known CHECK (status IN ('draft', 'active')));
    CREATE INDEX bench_${index}_by_status ON ${table} (status);
    INSERT INTO ${table} VALUES ('first', 'The first', 'draft');
    INSERT INTO ${touched} (event_type, event_domain, event_stream, delivery_lane, default_severity, active, description)
    SELECT 'bench.${index}.' || n, 'bench-${index}', 'health', 'delayed', 'info', false, 'Of the benchmark.' FROM generate_series(1, 5) AS n;`;
  const evidence = [
    { name: "The table is there", sql: `SELECT to_regclass('${table}') IS NOT NULL`, expect: { equals: true } },
    { name: "It has one row", sql: `SELECT count(*) FROM ${table}`, expect: { equals: 1 } },
    {
      name: "There are five event types",
      sql: `SELECT count(*) FROM ${touched} WHERE event_domain = 'bench-${index}' AND NOT active`,
      expect: { equals: 5 },
    },
    {
      name: "The laws are as they were",
      sql: "SELECT jsonb_agg(jsonb_build_array(law_code, version, status) ORDER BY law_code, version) FROM public.normative_registry",
      expect: { unchanged: true },
    },
  ];
  const step = {
    step: 1,
    name: "bench",
    title: "One table and five rows",
    kind: "sql",
    handoff: "Nothing comes after it.",
    attestation: { no_hardcode: "Nothing is derived.", no_island: "Nothing is left." },
    records: ["M-1"],
    allowed: {
      objects: [`table ${table}`, `index public.bench_${index}_by_status`],
      rows: { [table]: { insert: 1 }, [touched]: { insert: 5 } },
    },
    sql,
    evidence,
    negative: [
      {
        name: "A status that nobody knows",
        sql: `INSERT INTO ${table} VALUES ('second', 'The second', 'unknown')`,
        refused_with: { sqlstate: "23514", constraint: `bench_${index}_status_known` },
      },
    ],
    rollback: {
      mode: "revert",
      sql: `DROP TABLE ${table}; DELETE FROM ${touched} WHERE event_domain = 'bench-${index}'`,
      rows: { [touched]: { delete: 5 } },
      evidence: [
        { name: "The table is gone", sql: `SELECT to_regclass('${table}') IS NULL`, expect: { equals: true } },
      ],
    },
  };
  const plan = {
    plan: `bench-${index}`,
    revision: "1",
    title: "For measuring",
    target: "default",
    schemas: ["public"],
    steps: [step],
  };
  return { sql, evidence, touched, source: JSON.stringify(plan) };
}
