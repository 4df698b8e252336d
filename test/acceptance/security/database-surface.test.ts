import pg from "pg";
import t from "tap";
import { useDatabase } from "../../support/cluster.ts";

interface Doer {
  readonly name: string;
  readonly settings: readonly string[] | null;
  readonly open: boolean;
}

async function connected(t: { teardown(work: () => Promise<unknown>): unknown }, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.teardown(() => client.end());
  return client;
}

/** Functions that do their work as their owner: whoever calls one has its rights for that long. */
async function doers(client: pg.Client): Promise<readonly Doer[]> {
  const { rows } = await client.query<Doer>(
    `SELECT p.oid::regprocedure::text AS name, p.proconfig AS settings, has_function_privilege('public', p.oid, 'EXECUTE') AS open
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE p.prosecdef AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1`,
  );
  return rows;
}

const isPinned = ({ settings }: Doer): boolean =>
  settings?.some((one) => /^search_path=pg_catalog\b.*\bpg_temp$/.test(one.replaceAll('"', ""))) === true;

t.test(
  "AUDIT-1 what runs with its owner's rights looks names up where its owner says, and is not for everybody",
  async (t) => {
    const { superUrl } = await useDatabase(t);
    const client = await connected(t, superUrl);
    for (const one of await doers(client)) {
      t.ok(isPinned(one), `${one.name} has its search_path pinned, temporary objects last`);
      t.notOk(one.open, `${one.name} is not for PUBLIC`);
    }
    t.comment("control: one that is not is seen");
    await client.query("CREATE FUNCTION careless() RETURNS int LANGUAGE sql SECURITY DEFINER RETURN 1");
    const careless = (await doers(client)).find(({ name }) => name === "careless()");
    t.ok(careless !== undefined && !isPinned(careless) && careless.open);
  },
);

t.test("AUDIT-1 the role that the service works as owns nothing, makes nothing and passes no policy", async (t) => {
  const { appUrl } = await useDatabase(t);
  const client = await connected(t, appUrl);
  const { rows } = await client.query(
    `SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,
            (SELECT count(*)::int FROM pg_class WHERE relowner = r.oid AND relpersistence <> 't') AS owns,
            (SELECT count(*)::int FROM pg_proc WHERE proowner = r.oid) AS functions,
            (SELECT count(*)::int FROM pg_auth_members WHERE member = r.oid) AS memberships,
            has_schema_privilege('public', 'CREATE') AS makes, has_database_privilege(current_database(), 'CREATE') AS schemas
       FROM pg_roles r WHERE rolname = current_user`,
  );
  t.strictSame(rows, [
    {
      rolsuper: false,
      rolcreatedb: false,
      rolcreaterole: false,
      rolreplication: false,
      rolbypassrls: false,
      owns: 0,
      functions: 0,
      memberships: 0,
      makes: false,
      schemas: false,
    },
  ]);
  for (const statement of [
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT pg_read_file('/etc/hostname')",
    "CREATE EXTENSION dblink",
    "ALTER SYSTEM SET fsync = off",
    "SET ROLE countersign_owner",
    "SET session_replication_role = replica",
  ]) {
    await t.rejects(client.query(statement), { code: /^(42501|0A000|58P01|22023|42704)$/ }, statement);
  }
});
