import pg from "pg";
import t from "tap";
import { type Database, openDatabase } from "../../src/database/index.ts";
import { makeGrantServices } from "../../src/grants/index.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { bindings, seedGrants } from "../support/flow.ts";
import { type Owner, setStage, type Stage } from "../support/service.ts";

t.setTimeout(180_000);

const lot = 50;
/** Consumed between the first lot that is counted and the last. */
const between = 1_500;

/** The two rows as one join, left to what the planner believes of them. */
const joined = `CREATE OR REPLACE FUNCTION match_receipt() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
  BEGIN
    IF NOT EXISTS (
      SELECT FROM governance_build_authorization g JOIN grant_receipts r USING (auth_code, consumed_at, consumed_by, idempotency_root)
       WHERE g.auth_code = NEW.auth_code AND g.status = 'consumed') THEN
      RAISE EXCEPTION 'grant % and its receipt do not agree', NEW.auth_code;
    END IF;
    RETURN NULL;
  END $$`;

async function asSuperuser(stage: Stage, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: stage.names.superUrl });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A service's database of which the planner has learnt only that its tables are empty, as in the first minutes of a new one. */
async function emptyAndKnownToBe(t: Owner): Promise<Stage> {
  const stage = await setStage(t);
  const tables = ["governance_build_authorization", "grant_receipts", "approval_requests", "apr_approvals"];
  await asSuperuser(
    stage,
    ...tables.map((table) => `ALTER TABLE ${table} SET (autovacuum_enabled = false)`),
    ...tables.map((table) => `VACUUM ANALYZE ${table}`),
  );
  return stage;
}

/** Rows and index entries read for each consume, of a first lot and of one after many others. One connection, so that plans are kept. */
async function readsOf(stage: Stage, database: Database): Promise<{ first: number; last: number }> {
  const codes = await stage.database.transact((tx) => seedGrants(tx, 3 * lot + between));
  const grants = makeGrantServices(database);
  const caller = { ...serviceCaller("test"), principal: "c1-builder" };
  const consume = async (some: readonly string[]): Promise<void> => {
    for (let at = 0; at < some.length; at += lot) {
      await Promise.all(
        some.slice(at, at + lot).map(async (authCode) => {
          const input = { ...bindings(), idempotency_root: `root of ${authCode}` } as Parameters<
            typeof grants.consume
          >[0]["input"];
          const receipt = await grants.consume({ caller, authCode, input, ready: () => undefined });
          if (typeof receipt === "symbol") throw new Error(`${authCode} is dealt with apart`);
        }),
      );
    }
  };
  const read = async (): Promise<number> => {
    await database.transact((tx) => tx.query("SELECT pg_stat_force_next_flush()"));
    const { rows } = await stage.database.transact((tx) =>
      tx.query<{ read: string }>(
        `SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname IN ('governance_build_authorization', 'grant_receipts'))
              + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes
                  WHERE relname IN ('governance_build_authorization', 'grant_receipts')) AS read`,
      ),
    );
    return Number(rows[0]?.read);
  };
  const counted = async (some: readonly string[]): Promise<number> => {
    const before = await read();
    await consume(some);
    return ((await read()) - before) / some.length;
  };
  await consume(codes.slice(0, lot));
  const first = await counted(codes.slice(lot, 2 * lot));
  await consume(codes.slice(2 * lot, 2 * lot + between));
  const last = await counted(codes.slice(-lot));
  return { first, last };
}

const open = (t: Owner, stage: Stage, foreignCode: boolean): Database => {
  const database = openDatabase({ url: stage.names.appUrl, poolSize: 1, foreignCode });
  t.teardown(() => database.close());
  return database;
};

t.test("GRANT-3 a consume reads no more of a history that the planner knows nothing of", async (t) => {
  const stage = await emptyAndKnownToBe(t);
  const { first, last } = await readsOf(stage, open(t, stage, false));
  t.comment(`rows read for each consume: ${first} at first, ${last} after ${between} others`);
  t.ok(first > 0, "they are counted");
  t.ok(last < first + 5, `${last} after ${first}`);
});

t.test(
  "GRANT-3 (control) a plan that is left to such statistics reads the history again for each consume",
  async (t) => {
    const stage = await emptyAndKnownToBe(t);
    await asSuperuser(stage, joined);
    const { first, last } = await readsOf(stage, open(t, stage, true));
    t.comment(`rows read for each consume: ${first} at first, ${last} after ${between} others`);
    t.ok(last > first + between / 2, `${last} after ${first}`);
  },
);
