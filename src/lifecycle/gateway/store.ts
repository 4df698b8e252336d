import type { Tx } from "../../database/index.ts";
import { functionQueries } from "./functions/store.ts";
import { relationQueries, relations } from "./relations/store.ts";
import { members, roleQueries } from "./roles/store.ts";
import { type GatewayObject, governedRoles, governedTables } from "./schemas.ts";

const catalogQuery = `
  WITH RECURSIVE ${relations}, ${members}
  SELECT c.object, c.of, c.aspects FROM (${[...relationQueries, ...functionQueries, ...roleQueries].join("\nUNION ALL\n")}) AS c(object, of, aspects)`;

/** What the catalog of this database has of the gateway, in no order; the rows of its tables are {@link readTableRows}. */
export async function readCatalog(target: Tx): Promise<GatewayObject[]> {
  const { rows } = await target.query<GatewayObject>(catalogQuery, [governedTables, governedRoles]);
  return rows;
}

/** Tables whose rows are part of the gateway: the query of them, as objects. */
const tableRows: Readonly<Record<string, string>> = {
  "public.dot_config": `
    SELECT 'configuration ' || key AS object, 'rows of public.dot_config' AS of, jsonb_build_object('value', value) AS aspects
      FROM ONLY public.dot_config WHERE key LIKE 'iu\\_%'`,
  "public.iu_lifecycle_vocab": `
    SELECT 'vocabulary ' || code AS object, 'rows of public.iu_lifecycle_vocab' AS of, to_jsonb(v) - 'code' AS aspects
      FROM ONLY public.iu_lifecycle_vocab AS v`,
};

/**
 * The rows of configuration and vocabulary, and of which of the two they could be read. Only plain tables are read, and
 * with `row_security` off: a view or a policy that somebody has put in their place would run with what we may do.
 */
export async function readTableRows(target: Tx, plain: ReadonlySet<string>): Promise<GatewayObject[]> {
  const read = Object.entries(tableRows).filter(([table]) => plain.has(table));
  if (read.length === 0) return [];
  const { rows } = await target.query<GatewayObject>(read.map(([, query]) => query).join("\nUNION ALL\n"));
  const tables = read.map(([table]) => ({ object: `rows of ${table}`, of: `relation ${table}`, aspects: {} }));
  return [...tables, ...rows];
}

/** Each table of {@link readTableRows} that this role may read. */
export async function readableTables(target: Tx): Promise<string[]> {
  const { rows } = await target.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS name
      WHERE coalesce(has_table_privilege(to_regclass(name), 'SELECT'), false)`,
    [Object.keys(tableRows)],
  );
  return rows.map(({ name }) => name);
}

/** Everything that PostgreSQL spells by a setting: one spelling, whatever the role's own settings are. */
const spelling: Readonly<Record<string, string>> = {
  search_path: "pg_catalog, pg_temp",
  quote_all_identifiers: "off",
  row_security: "off",
  jit: "off",
  DateStyle: "ISO, YMD",
  IntervalStyle: "iso_8601",
  TimeZone: "UTC",
  extra_float_digits: "1",
  bytea_output: "hex",
};

/** Does `work` with these settings, and puts back what the transaction had. */
export async function spelledPlainly<T>(target: Tx, work: () => Promise<T>): Promise<T> {
  const names = Object.keys(spelling);
  const { rows } = await target.query<{ was: string }>(
    "SELECT pg_catalog.current_setting(s.name) AS was FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS s(name, place) ORDER BY s.place",
    [names],
  );
  await set(target, names, Object.values(spelling));
  const result = await work();
  await set(
    target,
    names,
    rows.map(({ was }) => was),
  );
  return result;
}

async function set(target: Tx, names: readonly string[], values: readonly string[]): Promise<void> {
  await target.query(
    "SELECT pg_catalog.set_config(s.name, s.value, true) FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS s(name, value)",
    [names, values],
  );
}
