import t from "tap";
import { judge, witnessLog } from "../../faults/checks/judge.ts";
import type { Entry } from "../../faults/client/journal.ts";
import { seedGrants } from "../support/flow.ts";
import { ask } from "../support/runs.ts";
import { setStage } from "../support/service.ts";

t.setTimeout(60_000);

const insert = `INSERT INTO audit_events (actor, action, resource_type, resource_id, request_id) VALUES ('someone', 'token.created', 'token', $1, 'r')`;

t.test("AUDIT-2 the witness sees what is gone or changed, and takes a late commit for no change", async (t) => {
  const { names } = await setStage(t);
  const { superUrl } = names;
  const witnessed = async (): Promise<string[]> =>
    (await judge(superUrl, [], before)).filter(({ check }) => check === "audit").map(({ what }) => what);

  // A transaction that has its event number already, and commits after the witness has looked.
  const { default: pg } = await import("pg");
  const late = new pg.Client({ connectionString: superUrl });
  await late.connect();
  t.teardown(() => late.end());
  await late.query("BEGIN");
  await late.query(insert, ["late"]);
  const { rows } = await late.query<{ own: string }>("SELECT pg_current_xact_id() AS own");
  await ask(superUrl, insert, ["early"]);
  // The server is shared: what others have open is older than anything that the witness may take for settled.
  const settled = "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 AS settled";
  while ((await ask<{ settled: boolean }>(superUrl, settled, [rows[0]?.own]))[0]?.settled !== true);
  const before = await witnessLog(superUrl);
  await late.query("COMMIT");
  await ask(superUrl, insert, ["after"]);
  t.strictSame(await witnessed(), [], "a smaller number that comes to light later is no change");

  const disarmed = "ALTER TABLE audit_events DISABLE TRIGGER USER";
  await ask(superUrl, disarmed);
  await ask(superUrl, "UPDATE audit_events SET actor = 'another' WHERE seq = (SELECT min(seq) FROM audit_events)");
  t.equal((await witnessed()).length, 1, "an event that was changed");
});

t.test("AUDIT-2 the witness misses an event that was taken away", async (t) => {
  const { names } = await setStage(t);
  await ask(names.superUrl, insert, ["one"]);
  await ask(names.superUrl, insert, ["two"]);
  const before = await witnessLog(names.superUrl);
  await ask(names.superUrl, "ALTER TABLE audit_events DISABLE TRIGGER USER");
  await ask(names.superUrl, "DELETE FROM audit_events WHERE seq = (SELECT min(seq) FROM audit_events)");
  const found = await judge(names.superUrl, [], before);
  t.ok(found.some(({ check }) => check === "audit"));
});

t.test("GRANT-3 a request that came whole and was answered 400 is a violation, one that was cut is not", async (t) => {
  const { names, database } = await setStage(t);
  const [grant = ""] = await database.transact((tx) => seedGrants(tx, 1));
  const attempt = (op: string, cut: boolean): Entry[] => [
    {
      line: 1,
      at: Date.now(),
      asked: op,
      attempt: 1,
      kind: "consume",
      subject: { grant, root: op },
      service: 0,
      phase: "play",
    },
    {
      line: 2,
      at: Date.now(),
      answered: op,
      attempt: 1,
      outcome: cut ? "unchanged" : "refused",
      status: 400,
      code: "INVALID_REQUEST",
      cut,
      said: {},
    },
  ];
  t.strictSame(await judge(names.superUrl, attempt("cut", true)), []);
  const found = await judge(names.superUrl, attempt("whole", false));
  t.strictSame(
    found.map(({ check }) => check),
    ["answer"],
  );
});
