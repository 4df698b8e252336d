import type pg from "pg";

/** Columns that PostgreSQL itself changes as time goes by. */
const restless: Readonly<Record<string, readonly string[]>> = {
  pg_class: ["relpages", "reltuples", "relallvisible", "relallfrozen", "relfrozenxid", "relminmxid", "relhasindex"],
  pg_database: ["datfrozenxid", "datminmxid"],
};

const catalogs =
  `pg_class pg_attribute pg_attrdef pg_constraint pg_index pg_inherits pg_type pg_enum pg_range pg_proc pg_aggregate
  pg_trigger pg_rewrite pg_policy pg_sequence pg_depend pg_shdepend pg_description pg_shdescription pg_namespace pg_statistic_ext
  pg_partitioned_table pg_init_privs pg_default_acl pg_collation pg_conversion pg_cast pg_operator pg_opclass pg_opfamily pg_amop
  pg_amproc pg_event_trigger pg_extension pg_language pg_publication pg_publication_rel pg_foreign_data_wrapper pg_foreign_server
  pg_foreign_table pg_user_mapping pg_ts_config pg_ts_config_map pg_ts_dict pg_largeobject_metadata pg_largeobject pg_seclabel
  pg_db_role_setting pg_database pg_authid`.split(/\s+/);

/** The catalogs of the whole cluster: of them, only what is of this database. Other tests make databases meanwhile. */
const ownOnly: Readonly<Record<string, string>> = {
  pg_shdepend: "dbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
  pg_shdescription: "objoid = (SELECT oid FROM pg_database WHERE datname = current_database())",
  pg_db_role_setting: "setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))",
  pg_database: "datname = current_database()",
  pg_authid: "rolname = 'countersign_hostile'",
  pg_depend: "objid >= 16384",
  pg_init_privs: "true",
};

function rowOf(catalog: string): string {
  const left = restless[catalog];
  return left === undefined ? "t::text" : `(to_jsonb(t) - '{${left.join(",")}}'::text[])::text`;
}

const digestOf = (table: string, row = "t::text", where = "true"): string =>
  `SELECT '${table.replaceAll("'", "''")}' AS name, md5(coalesce(string_agg(md5(${row}), '' ORDER BY md5(${row})), '')) AS digest FROM ${table} AS t WHERE ${where}`;

/**
 * What a database holds, told apart from the service's own way to tell it: every row of PostgreSQL's catalogs, who may what
 * included, and every row of every table. Where a sequence stands is no part of it, since no ROLLBACK takes that back.
 * @param client a superuser's
 */
export async function wholeDigest(client: pg.Client): Promise<Record<string, string>> {
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1`,
  );
  const parts = [
    ...catalogs.map((name) => digestOf(`pg_catalog.${name}`, rowOf(name), ownOnly[name])),
    ...tables.map(({ name }) => digestOf(name)),
  ];
  const { rows } = await client.query<{ name: string; digest: string }>(parts.join(" UNION ALL "));
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]));
}
