import t from "tap";
import {
  act,
  approve,
  type Done,
  type PlanPlace,
  register,
  type Registered,
  rehearse,
  setPlace,
  wholeAct,
} from "../../support/plans.ts";
import { anyway, planText, type SmallStep, sqlStep } from "./small-plan.ts";

t.setTimeout(200_000);

const fixture = `
  CREATE SCHEMA app;
  CREATE TABLE app.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent bigint, item text NOT NULL,
    CONSTRAINT parent_is_there FOREIGN KEY (parent) REFERENCES app.orders DEFERRABLE INITIALLY DEFERRED);
  INSERT INTO app.orders (item) VALUES ('first');
  CREATE FUNCTION app.price() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END $f$;
  CREATE FUNCTION app.watch() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$;
  CREATE TRIGGER watch BEFORE INSERT ON app.orders FOR EACH ROW EXECUTE FUNCTION app.watch();
  CREATE TABLE app.wide (id int PRIMARY KEY, amount int); INSERT INTO app.wide SELECT n, n FROM generate_series(1, 20) n`;

async function planOf(place: PlanPlace, ...steps: SmallStep[]): Promise<Registered> {
  return register(place.service, planText(steps.map((step, at) => sqlStep(at + 1, step))));
}

interface Delta {
  readonly sequences: readonly string[];
  readonly objects: readonly { readonly object: string; readonly change: string }[];
}

function detailOf<Detail>({ run }: Done, state: string): Detail {
  return run.states.find((one) => one.state === state)?.detail as Detail;
}

const deltaOf = (done: Done): Delta => detailOf<{ delta: Delta }>(done, "S3").delta;

const one = { "app.orders": { insert: 1 } };
const insert: SmallStep = {
  sql: "INSERT INTO app.orders (item) VALUES ('second')",
  allowed: { rows: one },
  rollback: { mode: "revert", sql: "DELETE FROM app.orders WHERE item = 'second'", evidence: [anyway] },
};

t.test("PLAN-10 a sequence moves in spite of ROLLBACK: it is reported, and entry still equals exit", async (t) => {
  const place = await setPlace(t, { fixture });
  const plan = await planOf(place, insert);
  const before = await place.target.query("SELECT last_value FROM app.orders_id_seq");
  const rehearsed = await rehearse(place.service, plan, 1);
  t.match(rehearsed.run, { status: "succeeded", rehearsal: { passed: true } });
  t.same(deltaOf(rehearsed).sequences, ["app.orders_id_seq"]);
  const after = await place.target.query("SELECT last_value FROM app.orders_id_seq");
  t.notSame(after, before, "it has moved, though all else was rolled back");
  const code = await approve(place.service, plan, 1, rehearsed.run.rehearsal?.rehearsal_ref);
  t.match(
    (await act(place.service, plan, 1, "commit", code)).run,
    { status: "succeeded" },
    "and the rehearsal still stands",
  );
});

t.test("PLAN-10 a deferred constraint fails in the rehearsal, and not first at the commit", async (t) => {
  const place = await setPlace(t, { fixture });
  const plan = await planOf(place, { ...insert, sql: "INSERT INTO app.orders (item, parent) VALUES ('second', 4711)" });
  const { run } = await rehearse(place.service, plan, 1);
  t.match(run, {
    status: "stopped",
    error: { code: "STEP_REFUSED", detail: /deferred constraint.*23503, parent_is_there/ },
  });
});

for (const [what, change] of Object.entries({
  "SECURITY DEFINER": "ALTER FUNCTION app.price() SECURITY DEFINER",
  "its search path": "ALTER FUNCTION app.price() SET search_path = pg_catalog",
  "its privileges": "REVOKE EXECUTE ON FUNCTION app.price() FROM PUBLIC",
  "a trigger that is off": "ALTER TABLE app.orders DISABLE TRIGGER watch",
  "a trigger that also fires for replicas": "ALTER TABLE app.orders ENABLE ALWAYS TRIGGER watch",
})) {
  t.test(`PLAN-10 the fingerprint sees what md5(prosrc) and pg_get_triggerdef do not: ${what}`, async (t) => {
    const place = await setPlace(t, { fixture });
    const plan = await planOf(place, insert);
    const { run } = await rehearse(place.service, plan, 1);
    const code = await approve(place.service, plan, 1, run.rehearsal?.rehearsal_ref);
    const seen =
      "SELECT md5(prosrc) AS body FROM pg_proc WHERE proname = 'price' UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'watch'";
    const before = await place.target.query(seen);
    await place.target.query(change);
    t.same(await place.target.query(seen), before, "these two look the same");
    t.match((await act(place.service, plan, 1, "commit", code)).run, {
      status: "stopped",
      stop_state: "ABORT",
      error: { code: "DRIFT" },
    });
  });
}

t.test("PLAN-5 the backup is made before the step's locks, and the step sees what was backed up", async (t) => {
  const place = await setPlace(t, { fixture });
  const plan = await planOf(place, {
    sql: "ALTER TABLE app.wide ALTER COLUMN amount TYPE bigint; UPDATE app.wide SET amount = amount + 1",
    allowed: { objects: ["table app.wide"], rows: { "app.wide": { update: 20 } } },
    rollback: {
      mode: "revert",
      sql: "UPDATE app.wide SET amount = amount - 1; ALTER TABLE app.wide ALTER COLUMN amount TYPE int",
      evidence: [anyway],
    },
  });
  const done = await wholeAct(place.service, plan, 1);
  t.match(done.run, { status: "succeeded" }, JSON.stringify(done.run.error));
  t.match(deltaOf(done).objects, [{ object: "table app.wide", change: "changed" }]);
  const backup = detailOf<{ tables: unknown[] }>(done, "S2");
  t.match(backup.tables, [{ table: "app.wide", rows: 20 }], "a table that is rewritten is copied first");
  const back = await wholeAct(place.service, plan, 1, "rollback");
  t.match(back.run, { status: "succeeded" }, JSON.stringify(back.run.error));
  t.same(await place.target.query("SELECT sum(amount)::int AS sum FROM app.wide"), [{ sum: 210 }]);
});
