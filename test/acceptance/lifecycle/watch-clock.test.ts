import t from "tap";
import { openDatabase } from "../../../src/database/index.ts";
import { startWatch } from "../../../src/watch.ts";
import { acceptedGateway, disabled } from "../../lifecycle/incidents-scene.ts";
import { eventually } from "../../support/data-directory.ts";

t.setTimeout(120_000);

t.test(
  "OPEN-10 the clock finds a change by itself, and a target that cannot be reached keeps it from no other",
  async (t) => {
    const at = await acceptedGateway(t);
    await at.control.transact((tx) =>
      tx.query(
        "INSERT INTO gateway_baselines (database, gateway_digest, content, reason, taken_by) SELECT 'away', gateway_digest, content, reason, taken_by FROM gateway_baselines",
      ),
    );
    await at.target.query(disabled.sql);
    const failures: unknown[] = [];
    let reachable = false;
    const watch = startWatch({
      control: at.control,
      open: (name) =>
        name === "default" || reachable ? Promise.resolve(at.opened) : Promise.reject(new Error("cannot be reached")),
      intervalMs: 20,
      onError: (_, database) => failures.push(database),
    });
    t.teardown(() => watch.stop());
    await eventually(async () => (await at.incidents()).length === 1 && failures.length >= 2);
    t.match(await at.incidents(), [{ database: "default", subject: disabled.subject }]);
    t.strictSame([...new Set(failures)], ["away"], "told, and tried again");
    reachable = true;
    await eventually(async () => (await at.incidents()).length === 2);
    t.match((await at.incidents())[1], { database: "away", subject: disabled.subject });

    await watch.stop();
    await at.target.query(disabled.back);
    await at.target.query("CREATE VIEW public.later AS SELECT id FROM public.unit_version");
    const { rows } = await at.control.transact((tx) =>
      tx.query<{ actors: string[] }>(
        "SELECT array_agg(DISTINCT actor) AS actors FROM audit_events WHERE action = 'incident.opened'",
      ),
    );
    t.strictSame(rows[0]?.actors, ["service:watch"]);
  },
);

t.test("OPEN-10 stopping the clock waits for the look that is under way, and none follows", async (t) => {
  const at = await acceptedGateway(t);
  await at.target.query(disabled.sql);
  let looks = 0;
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const watch = startWatch({
    control: at.control,
    open: async () => {
      looks += 1;
      await gate;
      return at.opened;
    },
    intervalMs: 5,
    onError: (error) => t.fail(String(error)),
  });
  await eventually(async () => looks === 1);
  const stopped = watch.stop();
  letGo();
  await stopped;
  t.equal((await at.incidents()).length, 1, "the look was finished");
  t.equal(looks, 1);
});

t.test(
  "OPEN-10 with 0 seconds the clock leaves the watch to others; a control database that is away is told",
  async (t) => {
    const at = await acceptedGateway(t);
    const never = startWatch({
      control: at.control,
      open: () => Promise.reject(new Error("must not be opened")),
      intervalMs: 0,
      onError: (error) => t.fail(String(error)),
    });
    await never.stop();
    const away = openDatabase({ url: "postgres://nobody@127.0.0.1:1/none", poolSize: 1 });
    t.teardown(() => away.close());
    let told = 0;
    const watch = startWatch({
      control: away,
      open: () => Promise.resolve(at.opened),
      intervalMs: 5,
      onError: () => {
        told += 1;
      },
    });
    await eventually(async () => told >= 2);
    await watch.stop();
    t.ok(told >= 2);
  },
);
