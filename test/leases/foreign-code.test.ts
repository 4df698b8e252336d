import t from "tap";
import { openDatabase } from "../../src/database/index.ts";
import { migrateTarget } from "../../src/database/migrate.ts";
import { holdFence } from "../../src/leases/index.ts";
import { useTarget } from "../support/runs.ts";

t.setTimeout(60_000);

const stale = { leaseName: "l", fencingToken: 7, authCode: "GBA-OLD" };
const current = { leaseName: "l", fencingToken: 8, authCode: "GBA-NEW" };

/** What a function of the target can leave on a session, each to make a stale holder pass. */
const tricks = {
  "a path set for the session": "PERFORM set_config('search_path', 'evil, public', false)",
  "a temporary table": `CREATE TEMP TABLE IF NOT EXISTS countersign_fence AS
    SELECT 'l'::text AS lease_name, 7::bigint AS fencing_token, 'GBA-OLD'::text AS auth_code`,
  "other statements under the names of ours": `DECLARE named text; BEGIN
    FOR named IN SELECT p.name FROM pg_prepared_statements p WHERE p.statement LIKE '%countersign_fence%' LOOP
      EXECUTE format('DEALLOCATE %I', named);
      EXECUTE format('PREPARE %I (text) AS SELECT 7::bigint AS fencing_token, ''GBA-OLD''::text AS auth_code', named);
    END LOOP; END`,
};

for (const [name, body] of Object.entries(tricks)) {
  t.test(`LEASE-2 ${name}, left by a function of the target, changes nothing of what the fence says`, async (t) => {
    const place = await useTarget(t);
    await migrateTarget({ ownerUrl: place.url });
    const open = (foreignCode: boolean) => {
      const database = openDatabase({ url: place.url, poolSize: 1, readsStandby: true, foreignCode });
      t.teardown(() => database.close());
      return database;
    };
    const target = open(true);
    for (const sql of [
      "INSERT INTO countersign_fence (lease_name, fencing_token, auth_code) VALUES ('l', 8, 'GBA-NEW')",
      "CREATE SCHEMA evil",
      "CREATE TABLE evil.countersign_fence (lease_name text, fencing_token bigint, auth_code text)",
      "INSERT INTO evil.countersign_fence VALUES ('l', 7, 'GBA-OLD')",
      "CREATE TABLE public.work (n int)",
      `CREATE FUNCTION public.sly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body}; RETURN NEW; END $$`,
      "CREATE TRIGGER sly BEFORE INSERT ON public.work FOR EACH ROW EXECUTE FUNCTION public.sly()",
    ]) {
      await target.transact((tx) => tx.query(sql));
    }
    const hold = (database: typeof target, fence: typeof stale) =>
      database.transact((tx) => holdFence(tx, fence), { readsFirst: true });
    const play = async (database: typeof target): Promise<boolean> => {
      await t.rejects(hold(database, stale), { code: "FENCED_OUT" }, "before it, the stale holder is out");
      await database.transact((tx) => tx.query("INSERT INTO public.work VALUES (1)"));
      return hold(database, stale).then(
        () => true,
        () => false,
      );
    };
    t.equal(await play(target), false, "the stale holder stays out");
    await hold(target, current);
    t.equal(await play(open(false)), true, "the control: where nothing is forgotten it passes");
  });
}
