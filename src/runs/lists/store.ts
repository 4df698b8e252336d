import type { Tx } from "../../database/index.ts";
import type { PageRequest } from "../../kernel/schemas.ts";
import type { RunStatus } from "../states.ts";
import { type RunRow, runColumns } from "../store.ts";

export interface RunFilter {
  readonly status?: RunStatus | undefined;
  /** Only those that somebody has to look at. */
  readonly failed?: boolean | undefined;
  readonly build?: string | undefined;
  readonly auth_code?: string | undefined;
  readonly executor?: string | undefined;
  readonly target?: string | undefined;
}

/** Newest first. Only what is asked for is in the statement, so that it is planned for that. */
export async function selectRuns(
  tx: Tx,
  filter: RunFilter,
  page: PageRequest,
): Promise<(RunRow & { position: string })[]> {
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${values.push(given)}`;
  const limit = value(page.limit + 1);
  const conditions = [
    ...(filter.build === undefined ? [] : [`build = ${value(filter.build)}`]),
    ...(filter.auth_code === undefined ? [] : [`auth_code = ${value(filter.auth_code)}`]),
    ...(filter.executor === undefined ? [] : [`executor = ${value(filter.executor)}`]),
    ...(filter.target === undefined ? [] : [`database = ${value(filter.target)}`]),
    ...(page.after === undefined
      ? []
      : [
          `(created_at, idempotency_root) < (timestamptz 'epoch' + ${value(page.after[0])}::bigint * interval '1 microsecond', ${value(page.after[1])})`,
        ]),
  ];
  const arms = statusesOf(filter).map((status) => {
    const all = [...(status === undefined ? [] : [`status = '${status}'`]), ...conditions];
    return `(SELECT ${runColumns}, (extract(epoch FROM created_at) * 1000000)::bigint::text AS position
               FROM c1_build_run ${all.length === 0 ? "" : `WHERE ${all.join(" AND ")}`}
              ORDER BY created_at DESC, idempotency_root DESC LIMIT ${limit})`;
  });
  const { rows } = await tx.query<RunRow & { position: string }>(
    `SELECT found.*, clock_timestamp() AS now FROM (${arms.join(" UNION ALL ")}) AS found
      ORDER BY created_at DESC, idempotency_root DESC LIMIT ${limit}`,
    values,
  );
  return rows;
}

/** One arm of the statement for each: an index leads to the few of a status, and none to the few of two. */
function statusesOf({ status, failed }: RunFilter): readonly (RunStatus | undefined)[] {
  return failed === true && status === undefined ? ["stopped", "indeterminate"] : [status];
}
