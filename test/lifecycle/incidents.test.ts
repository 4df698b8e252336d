import t, { type Test } from "tap";
import { type Database, openDatabase } from "../../src/database/index.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { lookAt, recordLook, resolveIncident, watchTarget } from "../../src/lifecycle/index.ts";
import { type Accepted, acceptedGateway, disabled, writeLines, writtenLog } from "./incidents-scene.ts";

t.setTimeout(120_000);

const caller = serviceCaller("test");

async function audited(control: Database, action: string): Promise<number> {
  const { rows } = await control.transact((tx) => tx.query("SELECT FROM audit_events WHERE action = $1", [action]));
  return rows.length;
}

/** Eight looks over two pools that have all seen the same before the first of them records it. */
async function race(t: Test, { stage, opened }: Accepted): Promise<number[]> {
  const pools = [1, 2].map(() => openDatabase({ url: stage.names.appUrl, poolSize: 4 }));
  try {
    const looks = await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        const control = pools[n % 2];
        if (control === undefined) throw new Error("two pools");
        return { control, look: await lookAt(control, opened, "default") };
      }),
    );
    const reports = await Promise.all(
      looks.map(({ control, look }) => control.transact((tx) => recordLook(tx, caller, look))),
    );
    t.ok(reports.every(({ differences }) => differences.length === 1));
    return reports.map((report) => report.opened.length);
  } finally {
    await Promise.all(pools.map((pool) => pool.close()));
  }
}

t.test("OPEN-10 eight looks at once open each incident once, with one event", async (t) => {
  const at = await acceptedGateway(t);
  await at.target.query(disabled.sql);
  const opened = await race(t, at);
  t.equal(
    opened.reduce((a, b) => a + b),
    1,
  );
  t.match(await at.incidents(), [{ kind: "gateway_changed", subject: disabled.subject, status: "open" }]);
  t.equal((await at.incidents()).length, 1);
  t.equal(await audited(at.control, "incident.opened"), 1);
});

t.test("OPEN-10 without the unique index the same race opens one incident a look: the race is one", async (t) => {
  const at = await acceptedGateway(t);
  await at.target.query(disabled.sql);
  const root = openDatabase({ url: at.stage.names.superUrl, poolSize: 1 });
  t.teardown(() => root.close());
  await root.transact((tx) => tx.query("DROP INDEX one_open_incident"));
  await race(t, at);
  t.equal((await at.incidents()).length, 8);
});

t.test(
  "OPEN-10 what is still there after its incident was resolved opens another, what was put back does not",
  async (t) => {
    const at = await acceptedGateway(t);
    const watch = () => watchTarget(at.control, at.opened, "default", caller);
    const states = async () => (await at.incidents()).map(({ status }) => status);
    await watch();
    t.same(await states(), []);
    await at.target.query(disabled.sql);
    await watch();
    await watch();
    t.same(await states(), ["open"]);
    const resolve = async () => {
      const open = (await at.incidents()).find(({ status }) => status === "open");
      const operator = { ...caller, principal: "operator" };
      return at.control.transact((tx) => resolveIncident(tx, operator, String(open?.["incident_id"]), "seen"));
    };
    await resolve();
    await watch();
    t.same(await states(), ["resolved", "open"]);
    await resolve();
    await at.target.query(disabled.back);
    await watch();
    t.same(await states(), ["resolved", "resolved"]);
    t.equal(await audited(at.control, "incident.opened"), 2);
    t.equal(await audited(at.control, "incident.resolved"), 2);
  },
);

t.test("OPEN-10 a gateway that is accepted during a look is compared with by the next one", async (t) => {
  const at = await acceptedGateway(t);
  const before = await lookAt(at.control, at.opened, "default");
  await at.target.query("CREATE VIEW public.accepted_one AS SELECT id FROM public.information_unit");
  await at.accept();
  t.same((await at.control.transact((tx) => recordLook(tx, caller, before))).differences, []);
  await watchTarget(at.control, at.opened, "default", caller);
  t.same(await at.incidents(), []);
});

t.test(
  "LIFE-7 each refused write of the log is one incident, whoever reads it and whatever ends in between",
  async (t) => {
    const at = await acceptedGateway(t);
    await at.target.query(writtenLog);
    await at.accept();
    await writeLines(at.target, 0, 7);
    const lines = async () =>
      (await at.incidents())
        .filter(({ kind }) => kind === "direct_write_refused")
        .map(({ sighting }) => String(sighting))
        .sort((a, b) => Number(a.split("/")[1]) - Number(b.split("/")[1]));
    const position = async () =>
      (await at.control.transact((tx) => tx.query("SELECT file, position FROM detector_positions"))).rows;

    // A process that ends after it has read and before it has recorded.
    const lost = await lookAt(at.control, at.opened, "default");
    t.match(lost.log, { state: "reading", more: false, to: { file: "a.json", position: "7" } });
    t.equal(lost.log.refused.length, 7);
    t.same(await position(), []);

    // One whose transaction is rolled back: neither the incidents nor the position.
    await at.control.transact((tx) => recordLook(tx, caller, lost), { rollback: true });
    t.same([await position(), await lines()], [[], []]);

    await watchTarget(at.control, at.opened, "default", caller);
    t.same(
      await lines(),
      Array.from({ length: 7 }, (_, n) => `5f.${n % 2}/${n}`),
    );
    t.same(await position(), [{ file: "a.json", position: "7" }]);

    // The late one records what it has read: nothing is doubled, and the position stays where the others are.
    await writeLines(at.target, 7, 2);
    await watchTarget(at.control, at.opened, "default", caller);
    const late = await at.control.transact((tx) => recordLook(tx, caller, lost));
    t.same(late.opened, []);
    t.same(await position(), [{ file: "a.json", position: "9" }]);
    t.equal((await lines()).length, 9);

    // Two who have read different pieces from the same place: the first records its own, and what is behind is read again.
    await writeLines(at.target, 9, 1);
    const shorter = await lookAt(at.control, at.opened, "default");
    await writeLines(at.target, 10, 1);
    const longer = await lookAt(at.control, at.opened, "default");
    for (const look of [shorter, longer]) await at.control.transact((tx) => recordLook(tx, caller, look));
    t.equal((await lines()).length, 10);
    t.same(await position(), [{ file: "a.json", position: "10" }], "read again from there");
    await watchTarget(at.control, at.opened, "default", caller);
    t.equal((await lines()).length, 11);
    t.same(await position(), [{ file: "a.json", position: "11" }]);

    // Resolved or not: a line is one incident for ever.
    await at.control.transact(async (tx) => {
      const { rows } = await tx.query<{ incident_id: string }>("SELECT incident_id FROM lifecycle_incidents");
      for (const { incident_id } of rows) {
        await resolveIncident(tx, { ...caller, principal: "operator" }, incident_id, "seen");
      }
    });
    await at.control.transact((tx) => recordLook(tx, caller, longer));
    t.equal((await lines()).length, 11);
    t.equal(await audited(at.control, "incident.opened"), 11);
  },
);

t.test("LIFE-7 a log that is longer than one look reads is read to its end by the clock", async (t) => {
  const at = await acceptedGateway(t);
  await at.target.query(writtenLog);
  await at.accept();
  await writeLines(at.target, 0, 100);
  t.equal((await lookAt(at.control, at.opened, "default")).log.more, true);
  await watchTarget(at.control, at.opened, "default", caller);
  t.equal((await at.incidents()).length, 100);
});

t.test("LIFE-7 a detector that is missing, forbidden or broken does not stop the watch over the gateway", async (t) => {
  const at = await acceptedGateway(t);
  const state = async () => (await lookAt(at.control, at.opened, "default")).log.state;
  t.equal(await state(), "not_installed");
  await at.target.query(writtenLog);
  await at.accept();
  t.equal(await state(), "reading");
  await at.target.query("REVOKE EXECUTE ON FUNCTION public.fn_iu_refused_writes FROM directus, PUBLIC");
  t.equal(await state(), "not_installed");
  await at.target.query("GRANT EXECUTE ON FUNCTION public.fn_iu_refused_writes TO directus; DROP TABLE public.written");
  t.equal(await state(), "failing");
  await watchTarget(at.control, at.opened, "default", caller);
  t.match(await at.incidents(), [{ subject: "function public.fn_iu_refused_writes(text,bigint)" }]);
});

t.test(
  "OPEN-10 what was written while the gateway stood open for a moment contradicts the log, once for ever",
  async (t) => {
    const at = await acceptedGateway(t);
    await at.target.query(`
    BEGIN;
    ALTER TABLE public.information_unit DISABLE TRIGGER USER;
    ALTER TABLE public.unit_version DISABLE TRIGGER USER;
    UPDATE public.unit_version v SET lifecycle_status = 'enacted' FROM public.information_unit u WHERE u.version_anchor_ref = v.id AND u.canonical_address = 'ICX-CONST/DIEU-7';
    UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE canonical_address = 'ICX-CONST/DIEU-7';
    ALTER TABLE public.information_unit ENABLE TRIGGER USER;
    ALTER TABLE public.unit_version ENABLE TRIGGER USER;
    ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard, ENABLE ALWAYS TRIGGER trg_iu_enacted_immut;
    ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER trg_aa_uv_gateway_write_guard, ENABLE ALWAYS TRIGGER trg_uv_enacted_immut;
    COMMIT`);
    const look = await lookAt(at.control, at.opened, "default");
    const report = await at.control.transact((tx) => recordLook(tx, caller, look));
    t.match(report, { differences: [], consistency: { compared: true, contradictions: 1 } });
    t.match(await at.incidents(), [
      { kind: "log_contradicted", subject: "ICX-CONST/DIEU-7", detail: { problem: /the log has no transition of it/ } },
    ]);
    await at.control.transact((tx) =>
      resolveIncident(tx, { ...caller, principal: "operator" }, String(report.opened[0]), "To be retired."),
    );
    await watchTarget(at.control, at.opened, "default", caller);
    t.equal((await at.incidents()).length, 1);
    const brief = await lookAt(at.control, at.opened, "default", { units: false });
    t.equal(brief.units.compared, false);
  },
);
