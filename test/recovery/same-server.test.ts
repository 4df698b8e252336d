import pg from "pg";
import t from "tap";
import { openDatabase } from "../../src/database/index.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { type FailoverRule, noticeRestore } from "../../src/recovery/index.ts";
import { urlTo } from "../support/crash/databases.ts";
import { consume, expectStatus, mintGrant } from "../support/flow.ts";
import { ask } from "../support/runs.ts";
import { setStage, type Stage, startService } from "../support/service.ts";
import { restoreOf } from "./scene.ts";

t.setTimeout(120_000);

/** What a service finds when it starts. @param url where the database is reached, if no longer at the stage's own */
async function atStart({ names }: Stage, rule: FailoverRule = "hold", url = names.appUrl): Promise<string> {
  const database = openDatabase({ url, poolSize: 1 });
  try {
    return (await database.transact((tx) => noticeRestore(tx, serviceCaller("start"), rule))).origin;
  } finally {
    await database.close();
  }
}

t.test("GRANT-9 a copy of the database in the same server is noticed, whatever the rule for failovers", async (t) => {
  const stage = await setStage(t);
  await stage.database.transact((tx) => noticeRestore(tx, serviceCaller("start"), "hold"));
  const service = await startService(t, { stage, targets: {} });
  const authCode = await mintGrant(service);
  const restored = await restoreOf(t, stage, "copy");
  const another = await restoreOf(t, stage, "copy");
  await expectStatus(consume(service, authCode, "the first use"), 200);
  t.equal(await atStart(another, "continue"), "restore", "it is no failover");
  t.equal(await atStart(restored), "restore");
  const second = await startService(t, { stage: restored, targets: {} });
  t.match(await consume(second, authCode, "the second use"), { status: 409, body: { code: "REGISTRATION_HOLD" } });
  t.equal(await atStart(stage), "known", "the origin is where it was");
});

t.test("GRANT-9 tables that were loaded anew into the database itself are noticed", async (t) => {
  const stage = await setStage(t);
  t.equal(await atStart(stage), "first");
  // As `pg_restore --clean` leaves it: the same rows in a table that is another.
  await ask(
    stage.names.superUrl,
    `ALTER TABLE control_incarnations RENAME TO gone;
     CREATE TABLE control_incarnations (LIKE gone INCLUDING ALL);
     INSERT INTO control_incarnations SELECT * FROM gone;
     CREATE TRIGGER guard_incarnation BEFORE INSERT OR UPDATE ON control_incarnations FOR EACH ROW EXECUTE FUNCTION guard_incarnation();
     GRANT SELECT, INSERT ON control_incarnations TO countersign_app`,
  );
  t.equal(await atStart(stage), "restore");
});

t.test("operations: what an administrator does to a database that stays is no restore", async (t) => {
  const stage = await setStage(t);
  const { names } = stage;
  t.equal(await atStart(stage), "first");
  t.equal(await atStart(stage), "known", "a start");
  await ask(names.superUrl, "VACUUM FULL control_incarnations");
  await ask(names.superUrl, "REINDEX TABLE control_incarnations");
  await ask(names.superUrl, "CLUSTER control_incarnations USING control_incarnations_pkey");
  t.equal(await atStart(stage), "known", "the table is written anew");
  const renamed = `${names.name}_renamed`;
  const rename = async (from: string, to: string): Promise<void> => {
    const client = new pg.Client({ connectionString: urlTo(names.superUrl, "postgres") });
    await client.connect();
    try {
      await client.query(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${from}'`);
      await client.query(`ALTER DATABASE ${from} RENAME TO ${to}`);
    } finally {
      await client.end();
    }
  };
  await rename(names.name, renamed);
  // The stage takes away what it made under the name that it gave.
  t.teardown(() => rename(renamed, names.name));
  t.equal(await atStart(stage, "hold", urlTo(names.appUrl, renamed)), "known", "the database has another name");
});
