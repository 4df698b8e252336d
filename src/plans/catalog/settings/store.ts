import type { Tx } from "../../../database/index.ts";

/** What a plan's own statements may take; our readings of a large catalog have PLAN-4's whole time, however tight the plan is. */
const planTimeout = "countersign.statement_timeout";

/** Sets how long the plan's statements may take, for as long as the transaction lasts. */
export async function limitStatements(target: Tx, milliseconds: number): Promise<void> {
  await target.query(`SELECT set_config('statement_timeout', $1, true), set_config('${planTimeout}', $1, true)`, [
    `${milliseconds}ms`,
  ]);
}

/** The settings of the role and the database again, and the plan's limit, for what the plan itself asks and does. */
export async function readAsTheRole(target: Tx): Promise<void> {
  await target.query(
    `SET LOCAL search_path TO DEFAULT; SET LOCAL row_security TO DEFAULT; SET LOCAL jit TO DEFAULT; SET LOCAL DateStyle TO DEFAULT;
     SET LOCAL IntervalStyle TO DEFAULT; SET LOCAL TimeZone TO DEFAULT; SET LOCAL extra_float_digits TO DEFAULT; SET LOCAL bytea_output TO DEFAULT;
     SELECT pg_catalog.set_config('statement_timeout', coalesce(nullif(pg_catalog.current_setting('${planTimeout}', true), ''), '5s'), true)`,
  );
}

/**
 * One spelling for every value, whatever the role's own settings are; all rows or an error; and no time lost on compiling
 * queries of the catalog, whose costs are estimated far too high.
 */
export async function readPlainly(target: Tx): Promise<void> {
  await target.query(
    `SET LOCAL search_path TO pg_catalog, pg_temp; SET LOCAL row_security TO off; SET LOCAL jit TO off; SET LOCAL DateStyle TO 'ISO, YMD';
     SET LOCAL IntervalStyle TO iso_8601; SET LOCAL TimeZone TO 'UTC'; SET LOCAL extra_float_digits TO 1; SET LOCAL bytea_output TO hex;
     SET LOCAL statement_timeout TO 5000`,
  );
}
