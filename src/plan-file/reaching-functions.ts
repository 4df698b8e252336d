/**
 * Functions whose effects outlive a rollback, or that run text as SQL, or that read the server's files. By name, since
 * the file is read without a database.
 */
interface Reach {
  readonly names: RegExp;
  readonly reason: string;
}

/** Of PostgreSQL itself: without a schema, or in pg_catalog. */
const builtIn: readonly Reach[] = [
  { names: /^set_config$/, reason: "it changes settings; the engine sets them" },
  { names: /^setval$/, reason: "a sequence's value survives a rollback" },
  {
    names:
      /^(pg_read_(binary_)?file|pg_stat_file|pg_ls_\w+|pg_current_logfile|pg_hba_file_rules|pg_ident_file_mappings|pg_show_all_file_settings)$/,
    reason: "it reads the server's files",
  },
  { names: /^(lo_\w+|loread|lowrite)$/, reason: "large objects are not measured and may be files of the server" },
  {
    names: /^(pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_rotate_logfile|pg_log_\w+)$/,
    reason: "it acts on other sessions or on the server",
  },
  { names: /^pg_(try_)?advisory_(lock|unlock)\w*$/, reason: "a session's lock outlives the transaction" },
  { names: /^pg_notify$/, reason: "a notification is seen outside the step's objects and rows" },
  {
    names:
      /^(pg_logical_\w+|pg_replication_\w+|pg_(create|drop|copy|sync)_\w+|pg_switch_wal|pg_promote|pg_wal_\w+|pg_(start_|stop_)?backup(_start|_stop)?|pg_get_wal_\w+|binary_upgrade_\w+)$/,
    reason: "it acts on the server's log or its replication",
  },
  { names: /^pg_sleep\w*$/, reason: "it only holds locks" },
  {
    names: /^(query|cursor|table|schema|database)_to_xml\w*$/,
    reason: "it runs SQL that nobody has examined",
  },
  { names: /^(ts_stat|ts_rewrite)$/, reason: "it runs a query given as text" },
  { names: /^pg_export_snapshot$/, reason: "it hands the snapshot to other sessions" },
  {
    names: /^pg_(stat_reset\w*|stat_clear_snapshot|stat_force_next_flush|clear_\w+_stats|restore_\w+_stats)$/,
    reason: "it changes the counters that a step is measured by",
  },
  {
    names: /^(pg_import_system_collations|pg_nextoid|pg_stop_making_pinned_objects|pg_extension_config_dump)$/,
    reason: "it changes the catalog past the statements that are measured",
  },
];

/** Of extensions, in whatever schema they were put. */
const extensions: readonly Reach[] = [
  { names: /^(dblink\w*|postgres_fdw_\w+)$/, reason: "it works in another database" },
  { names: /^(pg_file_\w+|pg_write\w*|pg_logdir_ls)$/, reason: "it touches the server's files" },
  { names: /^(crosstab\w*|connectby|xpath_table)$/, reason: "it runs a query given as text" },
  {
    names:
      /^(http|http_(get|post|put|patch|delete|head)|http_collect_response|pg_background_\w+|pg_stat_statements_reset)$/,
    reason: "its effect is outside the transaction",
  },
];

/** Extensions that keep to a schema of their own, all of whose functions act outside the transaction. */
const schemas = new Set(["cron", "aws_s3", "aws_lambda", "dbms_job", "utl_http", "utl_file"]);

/**
 * Why a function may not be called, if it may not.
 * @param name its schema, if it is written, and its name
 */
export function reachOf(name: readonly string[]): string | undefined {
  const own = (name.at(-1) ?? "").toLowerCase();
  const schema = (name.at(-2) ?? "pg_catalog").toLowerCase();
  const lists = schema === "pg_catalog" ? [...builtIn, ...extensions] : extensions;
  const found = lists.find(({ names }) => names.test(own))?.reason;
  return found ?? (schemas.has(schema) ? "its effect is outside the transaction" : undefined);
}
