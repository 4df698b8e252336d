import pg from "pg";
import type { Entry } from "../client/journal.ts";
import { checks, type CheckName } from "./checks.ts";
import { loadJournal } from "./load.ts";

export interface Violation {
  readonly check: CheckName;
  readonly what: string;
}

/**
 * How the audit log looked: a digest of every event of a transaction that was over. Not by the events' numbers: those are given
 * out before the commit, so a smaller one may come to light after a greater one.
 */
export interface Witness {
  /** The oldest transaction that was still under way. */
  readonly before: string;
  readonly events: string;
  readonly digest: string;
}

const most = 1_000;

/**
 * Runs every check over the journal and the database.
 * @param witness how the audit log looked once: what it had then it still has, unchanged
 */
export async function judge(superUrl: string, entries: readonly Entry[], witness?: Witness): Promise<Violation[]> {
  return withClient(superUrl, async (client) => {
    await loadJournal(client, entries);
    const found: Violation[] = [];
    for (const { name, text } of checks) {
      const { rows } = await client.query<{ violation: string }>(text);
      found.push(...rows.slice(0, most).map(({ violation }) => ({ check: name, what: violation })));
    }
    const now = witness && (await look(client, witness.before));
    if (witness !== undefined && (now?.events !== witness.events || now.digest !== witness.digest)) {
      const what = `of the ${witness.events} events before transaction ${witness.before} the log has ${now?.events ?? "none"}, or others`;
      found.push({ check: "audit", what });
    }
    return found;
  });
}

/** Looks at the audit log, to be compared later. */
export function witnessLog(superUrl: string): Promise<Witness | undefined> {
  return withClient(superUrl, (client) => look(client));
}

/** @param before which transaction; the oldest that is under way if absent */
async function look(client: pg.Client, before?: string): Promise<Witness | undefined> {
  const { rows } = await client.query<Witness>(
    `SELECT edge::text AS before, count(seq)::text AS events,
            encode(sha256(coalesce(string_agg(sha256(convert_to(e::text, 'UTF8')), ''::bytea ORDER BY seq), ''::bytea)), 'hex') AS digest
       FROM (SELECT coalesce($1::xid8, pg_snapshot_xmin(pg_current_snapshot())) AS edge) AS now
       LEFT JOIN audit_events AS e ON e.transaction < edge GROUP BY edge`,
    [before ?? null],
  );
  return rows[0];
}

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
