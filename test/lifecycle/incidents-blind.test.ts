import t from "tap";
import { openDatabase } from "../../src/database/index.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { recordLook } from "../../src/lifecycle/incidents/watch.ts";
import { useDatabase } from "../support/cluster.ts";

const marks = { compared: false, sighted: [], next: [] };
const units = { compared: false, contradictions: 0, sighted: [], marks };
const position = { file: "postgresql.json", position: "10" };

t.test("OPEN-10 a detector that has read and reads no more is an incident, once for each way", async (t) => {
  const control = openDatabase({ url: (await useDatabase(t)).appUrl, poolSize: 1 });
  t.teardown(() => control.close());
  const look = async (state: "reading" | "not_installed" | "no_log" | "failing", from?: typeof position) => {
    const log = { state, refused: [], from, to: undefined, more: false };
    const what = { database: "default", baseline: undefined, found: [], log, units };
    return (await control.transact((tx) => recordLook(tx, serviceCaller("test"), what))).opened.length;
  };
  t.equal(await look("not_installed"), 0, "where none was ever read, it is the doctor who says so");
  t.equal(await look("reading", position), 0);
  for (const state of ["not_installed", "no_log", "failing"] as const) {
    t.equal(await look(state, position), 1, state);
    t.equal(await look(state, position), 0, `${state} again`);
  }
  const { rows } = await control.transact((tx) =>
    tx.query("SELECT kind, subject, detail FROM lifecycle_incidents ORDER BY incident_id"),
  );
  t.match(rows[1], { kind: "gateway_changed", subject: "detector", detail: { expected: "reading", found: "no_log" } });
});
