/** A plan file of three steps in which nothing is wrong; tests change it line by line. */
export const samplePlan = `plan: sample
revision: "1"
title: A sample
target: default
schemas: [public]
steps:
  - step: 0
    name: preflight
    kind: check
    evidence:
      - name: no table yet
        sql: SELECT to_regclass('public.a') IS NULL
        expect: { equals: true }
    handoff: Counts are known.
    attestation: { no_hardcode: None., no_island: None. }
  - step: 1
    name: table
    kind: sql
    after: [0]
    records: [M-1, C-1]
    allowed:
      objects: [table public.a]
      rows:
        public.a: { insert: 1 }
    forbidden: [trigger * on public.a]
    stop:
      - name: sessions that idle
        sql: SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'idle in transaction'
    sql: |
      CREATE TABLE public.a (x int PRIMARY KEY);

      INSERT INTO public.a VALUES (1);
    evidence:
      - name: one row
        sql: SELECT count(*) FROM public.a
        expect: { equals: 1 }
    negative:
      - name: no second
        sql: INSERT INTO public.a VALUES (1)
        refused_with: { sqlstate: "23505", constraint: a_pkey }
    rollback:
      mode: revert
      sql: DROP TABLE public.a
      evidence:
        - name: gone
          sql: SELECT to_regclass('public.a') IS NULL
          expect: { equals: true }
    handoff: The table is there.
    attestation: { no_hardcode: None., no_island: None. }
  - step: 2
    name: decision
    kind: record
    after: [1]
    documents: [minutes]
    handoff: The decision is on file.
    attestation: { no_hardcode: None., no_island: None. }
`;

/** The sample with one text of it replaced. Throws where it is not there. */
export function sampleWith(text: string, other: string): string {
  if (!samplePlan.includes(text)) throw new Error(`not in the sample: ${text}`);
  return samplePlan.replace(text, () => other);
}

/** Number of the line of the text, from 1. */
export function lineOf(source: string, text: string): number {
  return source.slice(0, source.indexOf(text)).split("\n").length;
}
