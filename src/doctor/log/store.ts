import type { Tx } from "../../database/index.ts";

/** How the log stands in the database: ages in seconds by the database's clock. */
export interface LogRow {
  size: number;
  /** The numbers of events above the last that is sealed; those of transactions that were rolled back count for a moment. */
  unsealed: number;
  /** Age of the oldest event that is not sealed. */
  behind: number;
  cosigned: number;
  /** For how long there has been a head that fewer have signed. */
  uncosigned: number;
  next_month: boolean;
}

const age = (since: string): string =>
  `coalesce(greatest(extract(epoch FROM clock_timestamp() - (${since})), 0), 0)::float8`;

/** @param cosigned the size of the newest head that as many witnesses have signed as is asked for */
export async function logStanding(tx: Tx, cosigned: number): Promise<LogRow> {
  const { rows } = await tx.query<LogRow>(
    `SELECT head.size, greatest(numbers.last - head.sealed, 0)::float8 AS unsealed,
            ${age("SELECT occurred_at FROM audit_events WHERE seq > head.sealed ORDER BY seq LIMIT 1")} AS behind,
            $1::float8 AS cosigned,
            ${age("SELECT signed_at FROM audit_checkpoints c WHERE c.size > $1 ORDER BY c.size LIMIT 1")} AS uncosigned,
            to_regclass('public.audit_events_' || to_char((clock_timestamp() AT TIME ZONE 'UTC') + interval '1 month', 'YYYY_MM'))
              IS NOT NULL AS next_month
       FROM (SELECT coalesce(max(size), 0)::float8 AS size, coalesce(max(sealed_seq), 0) AS sealed FROM audit_log) AS head,
            (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS last FROM audit_events_seq) AS numbers`,
    [cosigned],
  );
  const [row] = rows;
  if (row === undefined) throw new Error("an aggregate answers one row");
  return row;
}
