import { readFileSync } from "node:fs";
import type { Tx } from "../../../database/index.ts";
import type { Entry, RollbackStep } from "./schemas.ts";

/** The DDL of the collection: DOT_C1_SCHEMA_ENSURE. */
const ddl = new URL("../../../../migrations/builds/c1-vocabulary.sql", import.meta.url);

export async function collectionExists(target: Tx): Promise<boolean> {
  const { rows } = await target.query<{ there: boolean }>("SELECT to_regnamespace('c1') IS NOT NULL AS there");
  return rows[0]?.there === true;
}

export async function createSchema(target: Tx): Promise<void> {
  await target.query(readFileSync(ddl, "utf8"));
}

export interface TargetFacts {
  readonly read_only: boolean;
  readonly may_create: boolean;
}

/** Whether this role could write here and make a schema. */
export async function targetFacts(target: Tx): Promise<TargetFacts> {
  const { rows } = await target.query<TargetFacts>(
    `SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on' AS read_only,
            has_database_privilege(current_database(), 'CREATE') AS may_create`,
  );
  return rows[0] as TargetFacts;
}

/**
 * What the catalog says of the schema c1: the part that is the same wherever it was made. Names of owners and privileges
 * depend on the place and are in the fingerprint instead.
 */
const catalogQuery = `
  SELECT jsonb_build_object(
    'tables', coalesce((SELECT jsonb_object_agg(c.relname, jsonb_build_object(
        'columns', (SELECT jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'not_null', a.attnotnull,
                      'generated', a.attgenerated, 'default', pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
                      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        'constraints', (SELECT jsonb_object_agg(k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k
                         WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')),
        'indexes', (SELECT jsonb_object_agg(i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)) FROM pg_index i WHERE i.indrelid = c.oid),
        'triggers', (SELECT jsonb_object_agg(t.tgname, pg_get_triggerdef(t.oid) || ' [' || t.tgenabled::text || ']')
                       FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
        'row_security', c.relrowsecurity))
      FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p')), '{}'),
    'other_relations', coalesce((SELECT jsonb_agg(c.relname ORDER BY c.relname) FROM pg_class c
                                  WHERE c.relnamespace = n.oid AND c.relkind NOT IN ('r', 'p', 'i')), '[]'),
    'functions', coalesce((SELECT jsonb_object_agg(p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', jsonb_build_object(
        'returns', pg_get_function_result(p.oid), 'security_definer', p.prosecdef, 'volatile', p.provolatile, 'settings', p.proconfig,
        'body', encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'))) FROM pg_proc p WHERE p.pronamespace = n.oid), '{}')
  ) AS catalog FROM pg_namespace n WHERE n.nspname = 'c1'`;

/** The schema c1 as the catalog has it; undefined where there is none. */
export async function readCatalog(target: Tx): Promise<unknown> {
  const { rows } = await target.query<{ catalog: unknown }>(catalogQuery);
  return rows[0]?.catalog;
}

/** Who owns what and may do what in c1, and whether it was commented: what the catalog above leaves out (PLAN-10). */
export async function readOwnership(target: Tx): Promise<unknown> {
  const { rows } = await target.query<{ ownership: unknown }>(
    `SELECT jsonb_build_object(
       'schema', jsonb_build_array(n.nspowner::regrole, n.nspacl::text[]),
       'relations', (SELECT jsonb_object_agg(c.relname, jsonb_build_array(c.relowner::regrole, c.relacl::text[], obj_description(c.oid, 'pg_class')))
                       FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind <> 'i'),
       'functions', (SELECT jsonb_object_agg(p.oid::regprocedure::text, jsonb_build_array(p.proowner::regrole, p.proacl::text[], obj_description(p.oid, 'pg_proc')))
                       FROM pg_proc p WHERE p.pronamespace = n.oid)) AS ownership
       FROM pg_namespace n WHERE n.nspname = 'c1'`,
  );
  return rows[0]?.ownership;
}

/** Digests of all rows in c1, without times and transaction numbers. Only where the schema is there. */
export async function contentDigests(target: Tx): Promise<unknown> {
  const { rows } = await target.query<{ content: unknown }>(
    `SELECT jsonb_build_object('collection', ${digestOfRows("c1.collection", "r.collection", "to_jsonb(r)")},
              'field', ${digestOfRows("c1.field", "r.collection, r.field", "to_jsonb(r)")},
              'table_registry', ${digestOfRows("c1.table_registry", "r.table_name", "to_jsonb(r)")},
              'operation_vocabulary', ${digestOfRows("c1.operation_vocabulary", 'r.vocab_id COLLATE "C"', "to_jsonb(r)")},
              'audit', ${digestOfRows("c1.audit", 'r.run_root COLLATE "C", r.subject COLLATE "C", r.act', "to_jsonb(r) - 'tx' - 'at'")},
              'build_evidence', ${digestOfRows("c1.build_evidence", 'r.run_root COLLATE "C", r.kind', "to_jsonb(r) - 'recorded_at'")}) AS content`,
  );
  return rows[0]?.content;
}

function digestOfRows(table: string, order: string, shown: string): string {
  return `(SELECT jsonb_build_array(count(*), encode(sha256(convert_to(coalesce(string_agg((${shown})::text, E'\\n' ORDER BY ${order}), ''), 'UTF8')), 'hex')) FROM ${table} r)`;
}

/** What stands: the collection's own status and each active or superseded value. */
export async function standingRows(target: Tx): Promise<unknown> {
  const { rows } = await target.query<{ standing: unknown }>(
    `SELECT jsonb_build_array(
       (SELECT jsonb_agg(c.collection ORDER BY c.collection) FROM c1.collection c WHERE c.status = 'active'),
       ${digestOfRows("(SELECT * FROM c1.operation_vocabulary WHERE status <> 'retired')", 'r.vocab_id COLLATE "C"', "to_jsonb(r)")}) AS standing`,
  );
  return rows[0]?.standing;
}

export async function ensureCollection(target: Tx, root: string, authCode: string): Promise<string> {
  const { rows } = await target.query<{ did: string }>("SELECT c1.ensure_collection($1, $2) AS did", [root, authCode]);
  return rows[0]?.did ?? "";
}

/** One governed write a value (DOT_C1_VALUE_ADMIT); many of them go in one round trip. */
export async function admitValues(
  target: Tx,
  entries: readonly Entry[],
  root: string,
  authCode: string,
): Promise<Record<string, number>> {
  const { rows } = await target.query<{ did: string; times: number }>(
    `SELECT did, count(*)::integer AS times FROM (
       SELECT c1.admit_value(code, version, words, $4, $5) AS did
         FROM unnest($1::text[], $2::text[], $3::text[]) AS entry (code, version, words)) AS admitted GROUP BY did`,
    [
      entries.map((entry) => entry.operation_code),
      entries.map((entry) => entry.protocol_version),
      entries.map((entry) => entry.description),
      root,
      authCode,
    ],
  );
  return Object.fromEntries(rows.map((row) => [row.did, row.times]));
}

/** The active values, by code and version in code units. */
export async function activeValues(target: Tx): Promise<Entry[]> {
  const { rows } = await target.query<Entry>(
    `SELECT operation_code, protocol_version, description FROM c1.operation_vocabulary WHERE status = 'active'
      ORDER BY operation_code COLLATE "C", protocol_version COLLATE "C"`,
  );
  return rows;
}

export interface ValueRow extends Entry {
  readonly status: "active" | "retired" | "superseded";
}

export async function findValues(target: Tx, names: readonly { code: string; version: string }[]): Promise<ValueRow[]> {
  const { rows } = await target.query<ValueRow>(
    `SELECT v.operation_code, v.protocol_version, v.description, v.status
       FROM c1.operation_vocabulary v JOIN unnest($1::text[], $2::text[]) AS named (code, version)
         ON (v.operation_code, v.protocol_version) = (named.code, named.version)`,
    [names.map((one) => one.code), names.map((one) => one.version)],
  );
  return rows;
}

/** How many of the entries are active with exactly these words. */
export async function countAdmitted(target: Tx, entries: readonly Entry[]): Promise<number> {
  const { rows } = await target.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM c1.operation_vocabulary v
       JOIN unnest($1::text[], $2::text[], $3::text[]) AS entry (code, version, words)
         ON (v.operation_code, v.protocol_version, v.description, v.status) = (entry.code, entry.version, entry.words, 'active')`,
    [
      entries.map((entry) => entry.operation_code),
      entries.map((entry) => entry.protocol_version),
      entries.map((entry) => entry.description),
    ],
  );
  return rows[0]?.count ?? 0;
}

/** Retires what this run has admitted or brought back, and what is still active. @returns how many */
export async function retireValuesOf(target: Tx, root: string, authCode: string, ref: string): Promise<number> {
  const { rows } = await target.query<{ count: number }>(
    `WITH own AS MATERIALIZED (
       SELECT v.operation_code AS code, v.protocol_version AS version
         FROM c1.audit a JOIN c1.operation_vocabulary v ON v.vocab_id = a.subject
        WHERE a.run_root = $1 AND a.act IN ('admitted', 'restored') AND v.status = 'active'
          AND NOT EXISTS (SELECT FROM c1.audit done WHERE done.run_root = $1 AND done.subject = a.subject AND done.act = 'retired')
        ORDER BY v.vocab_id COLLATE "C"),
     retired AS MATERIALIZED (SELECT c1.retire_value(code, version, $1, $2, $3, 'compensation') FROM own)
     SELECT count(*)::integer AS count FROM retired`,
    [root, authCode, ref],
  );
  return rows[0]?.count ?? 0;
}

/** Retires the collection where this run has made it or brought it back. */
export async function retireCollectionOf(target: Tx, root: string, authCode: string, ref: string): Promise<boolean> {
  const { rowCount } = await target.query(
    `SELECT c1.retire_collection($1, $2, $3, 'compensation') FROM c1.audit a JOIN c1.collection c ON a.subject = 'collection:' || c.collection
      WHERE a.run_root = $1 AND a.act IN ('admitted', 'restored') AND c.status = 'active'
        AND NOT EXISTS (SELECT FROM c1.audit done WHERE done.run_root = $1 AND done.subject = a.subject AND done.act = 'retired')`,
    [root, authCode, ref],
  );
  return rowCount > 0;
}

export interface EvidenceRow {
  readonly kind: "evidence" | "failure";
  readonly auth_code: string;
  readonly manifest_digest: string;
  readonly schema_digest: string;
  readonly value_count: number;
  readonly content: unknown;
}

/** One row of each kind a run; what is there stays. */
export async function insertEvidence(target: Tx, root: string, row: EvidenceRow): Promise<void> {
  await target.query(
    `INSERT INTO c1.build_evidence (run_root, kind, auth_code, manifest_digest, schema_digest, value_count, content)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (run_root, kind) DO NOTHING`,
    [
      root,
      row.kind,
      row.auth_code,
      row.manifest_digest,
      row.schema_digest,
      row.value_count,
      JSON.stringify(row.content),
    ],
  );
}

export async function findEvidence(target: Tx, root: string): Promise<EvidenceRow | undefined> {
  const { rows } = await target.query<EvidenceRow>(
    `SELECT kind, auth_code, manifest_digest, schema_digest, value_count, content
       FROM c1.build_evidence WHERE run_root = $1 AND kind = 'evidence'`,
    [root],
  );
  return rows[0];
}

/** Rows that this transaction has touched so far, table by table. */
export async function touchedRows(
  target: Tx,
): Promise<{ table: string; inserted: number; updated: number; deleted: number }[]> {
  const { rows } = await target.query<{ table: string; inserted: number; updated: number; deleted: number }>(
    `SELECT schemaname || '.' || relname AS table, n_tup_ins::integer AS inserted, n_tup_upd::integer AS updated, n_tup_del::integer AS deleted
       FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 ORDER BY 1`,
  );
  return rows;
}

/** Carries out one step of a rollback, with its record, in the collection's own functions. */
export async function takeStep(
  target: Tx,
  step: RollbackStep & { protocol_version: string; rollback_ref: string },
  root: string,
  authCode: string,
): Promise<void> {
  const named = [step.operation_code, step.protocol_version];
  const rest = [root, authCode, step.rollback_ref, step.reason];
  if (step.act === "retire") await target.query("SELECT c1.retire_value($1, $2, $3, $4, $5, $6)", [...named, ...rest]);
  else if (step.act === "restore")
    await target.query("SELECT c1.restore_value($1, $2, $3, $4, $5, $6)", [...named, ...rest]);
  else {
    const next = [step.successor?.operation_code ?? null, step.successor?.protocol_version ?? null];
    await target.query("SELECT c1.supersede_value($1, $2, $3, $4, $5, $6, $7, $8)", [...named, ...next, ...rest]);
  }
}

/** Brings each value back to what it was before this run's steps. @returns how many */
export async function undoSteps(target: Tx, root: string, authCode: string, ref: string): Promise<number> {
  const { rows } = await target.query<{ count: number }>(
    `WITH own AS MATERIALIZED (
       SELECT v.operation_code AS code, v.protocol_version AS version, v.status, a.before
         FROM c1.audit a JOIN c1.operation_vocabulary v ON v.vocab_id = a.subject
        WHERE a.run_root = $1 AND a.at = (SELECT min(at) FROM c1.audit first WHERE first.run_root = $1 AND first.subject = a.subject)
          AND v.status <> a.before ->> 'status'
          AND NOT EXISTS (SELECT FROM c1.audit done WHERE done.run_root = $1 AND done.subject = a.subject AND done.reason = 'compensation')
        ORDER BY v.vocab_id COLLATE "C"),
     undone AS MATERIALIZED (
       SELECT CASE before ->> 'status'
         WHEN 'active' THEN c1.restore_value(code, version, $1, $2, $3, 'compensation')
         WHEN 'retired' THEN c1.retire_value(code, version, $1, $2, $3, 'compensation')
         ELSE c1.supersede_value(code, version, before ->> 'successor_operation_code', before ->> 'successor_protocol_version', $1, $2, $3, 'compensation') END
         FROM own)
     SELECT count(*)::integer AS count FROM undone`,
    [root, authCode, ref],
  );
  return rows[0]?.count ?? 0;
}
