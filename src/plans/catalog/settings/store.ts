import type { Tx } from "../../../database/index.ts";

/** The settings of the role and the database again, for what the plan itself asks and does. */
export async function readAsTheRole(target: Tx): Promise<void> {
  await target.query(
    `SET LOCAL search_path TO DEFAULT; SET LOCAL row_security TO DEFAULT; SET LOCAL jit TO DEFAULT; SET LOCAL DateStyle TO DEFAULT; SET LOCAL IntervalStyle TO DEFAULT; SET LOCAL TimeZone TO DEFAULT;
     SET LOCAL extra_float_digits TO DEFAULT; SET LOCAL bytea_output TO DEFAULT`,
  );
}

/**
 * One spelling for every value, whatever the role's own settings are; all rows or an error; and no time lost on compiling
 * queries of the catalog, whose costs are estimated far too high.
 */
export async function readPlainly(target: Tx): Promise<void> {
  await target.query(
    `SET LOCAL search_path TO pg_catalog, pg_temp; SET LOCAL row_security TO off; SET LOCAL jit TO off; SET LOCAL DateStyle TO 'ISO, YMD'; SET LOCAL IntervalStyle TO iso_8601; SET LOCAL TimeZone TO 'UTC';
     SET LOCAL extra_float_digits TO 1; SET LOCAL bytea_output TO hex`,
  );
}
