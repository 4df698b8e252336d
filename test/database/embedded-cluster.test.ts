import { execFile } from "node:child_process";
import { promisify } from "node:util";
import t from "tap";
import { useDatabase } from "../support/cluster.ts";
import { query } from "../support/data-directory.ts";

t.test("each database is the test's own, migrated, and open to owner and app", async (t) => {
  const [one, two] = await Promise.all([useDatabase(t), useDatabase(t)]);
  t.not(one.name, two.name);
  await query(one.ownerUrl, "CREATE TABLE only_here (id int)");
  t.same(await query(two.superUrl, "SELECT to_regclass('only_here') AS found"), [{ found: null }]);
  t.same(await query(one.appUrl, "SELECT current_user AS who"), [{ who: "countersign_app" }]);
  const [migrated] = await query(one.ownerUrl, "SELECT count(*)::int > 0 AS some FROM schema_migrations");
  t.same(migrated, { some: true });
  await one.drop();
  await t.rejects(query(one.superUrl, "SELECT 1"), { code: "3D000" });
});

t.test("an empty database on request", async (t) => {
  const empty = await useDatabase(t, { migrated: false });
  t.same(await query(empty.ownerUrl, "SELECT to_regclass('schema_migrations') AS found"), [{ found: null }]);
});

t.test("the database of a killed test process is dropped by the next one", async (t) => {
  const here = await useDatabase(t);
  const support = JSON.stringify(new URL("../support/cluster.ts", import.meta.url).href);
  const run = (then: string) =>
    promisify(execFile)(process.execPath, [
      "--input-type=module",
      "-e",
      `const { useDatabase } = await import(${support});
       const { name } = await useDatabase({ teardown() {} }, { migrated: false });
       process.stdout.write(name, () => { ${then} });`,
    ]).then(
      ({ stdout }) => stdout,
      (error: unknown) => (error as { stdout: string }).stdout,
    );
  const killed = await run('process.kill(process.pid, "SIGKILL")');
  t.match(killed, /^countersign_test_/);
  t.same(await query(here.superUrl, `SELECT 1 FROM pg_database WHERE datname = '${killed}'`), [{ "?column?": 1 }]);
  await run("");
  t.same(await query(here.superUrl, `SELECT 1 FROM pg_database WHERE datname = '${killed}'`), []);
});
