import type pg from "pg";

/** What one call of fn_iu_enact names besides the unit. */
export interface Call {
  readonly address: string;
  readonly decision: string;
  readonly dryRun: boolean;
}

const text = `public.fn_iu_enact($1, 'bench', $2, 'enacted', NULL, 'To be measured.', 'bench', $3)`;

/** @throws Error when the gateway answers another status than the one that is expected */
export async function enact(client: pg.Client, call: Call): Promise<void> {
  const { rows } = await client.query<{ answer: { status: string } }>({
    name: "enact",
    text: `SELECT ${text} AS answer`,
    values: [call.address, call.decision, call.dryRun],
  });
  const expected = call.dryRun ? "plan_ok" : "enacted";
  if (rows[0]?.answer.status !== expected) throw new Error(`${call.address}: ${JSON.stringify(rows[0]?.answer)}`);
}

/** Pages of shared memory that a call has touched, nested statements, triggers and checks of foreign keys included. */
export async function pagesOf(client: pg.Client, call: Call): Promise<number> {
  await client.query("BEGIN");
  try {
    const { rows } = await client.query<{ "QUERY PLAN": readonly [Explained] }>({
      name: "pages",
      text: `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) SELECT ${text}`,
      values: [call.address, call.decision, call.dryRun],
    });
    const plan = rows[0]?.["QUERY PLAN"][0].Plan;
    if (plan === undefined) throw new Error("EXPLAIN has answered nothing");
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
  } finally {
    await client.query("ROLLBACK");
  }
}

interface Explained {
  readonly Plan: { readonly "Shared Hit Blocks": number; readonly "Shared Read Blocks": number };
}
