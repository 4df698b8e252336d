/** What the target of the small plan has before its one step; the odd values are there to be backed up. */
export const smallFixture = `
  CREATE TABLE public.register (name text PRIMARY KEY, version integer NOT NULL, note text);
  INSERT INTO public.register VALUES ('letter', 1, E'a\\ttab, a\\nline and a back\\\\slash'), ('card', 7, NULL)`;

const attestation = `
    attestation: { no_hardcode: "The numbers are those of the test.", no_island: "The register has the new table." }`;

/**
 * A plan of one step that does a little of everything, none of it twice: a table and an index, rows of it and of a table
 * that was there, and a number that is raised. It reads the way back as well.
 */
export const smallPlan = `
plan: small
revision: "1"
title: One step that can be counted
target: default
schemas: [public]
timeouts: { idle_in_transaction_ms: 4000 }
steps:
  - step: 1
    name: Parcels
    kind: sql
    records: [M-1]
    allowed:
      objects: [table public.parcel, index public.parcel_weight]
      rows:
        public.parcel: { insert: 2 }
        public.register: { insert: 1, update: 1 }
    forbidden: ["function *"]
    stop:
      - name: Parcels are there already
        sql: SELECT to_regclass('public.parcel') IS NOT NULL
        at: before
    sql: |
      CREATE TABLE public.parcel (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        weight integer NOT NULL CONSTRAINT parcel_weighs CHECK (weight > 0));
      CREATE INDEX parcel_weight ON public.parcel (weight);
      INSERT INTO public.parcel (weight) VALUES (3), (5);
      INSERT INTO public.register (name, version) VALUES ('parcel', 1);
      UPDATE public.register SET version = version + 1 WHERE name = 'letter';
    evidence:
      - { name: Two parcels, sql: SELECT count(*) FROM public.parcel, expect: { equals: 2 } }
      - { name: One more letter, sql: "SELECT version FROM public.register WHERE name = 'letter'", expect: { plus: 1 } }
    negative:
      - name: A parcel that weighs nothing
        sql: INSERT INTO public.parcel (weight) VALUES (0)
        refused_with: { sqlstate: "23514", constraint: parcel_weighs }
    rollback:
      mode: revert
      sql: |
        DROP TABLE public.parcel;
        DELETE FROM public.register WHERE name = 'parcel';
        UPDATE public.register SET version = version - 1 WHERE name = 'letter';
      rows:
        public.register: { delete: 1, update: 1 }
      evidence:
        - { name: No parcels, sql: "SELECT to_regclass('public.parcel') IS NULL", expect: { equals: true } }
        - { name: One letter less, sql: "SELECT version FROM public.register WHERE name = 'letter'", expect: { plus: -1 } }
    handoff: The next step finds the parcels.${attestation}
`;
