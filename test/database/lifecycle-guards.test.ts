import pg from "pg";
import t, { type Test } from "tap";
import { digestOfBytes } from "../../src/kernel/json.ts";
import { insertSql, refusedBy } from "../support/guarded-plan.ts";
import { setStage } from "../support/service.ts";

t.setTimeout(120_000);

interface Place {
  /** As the app role, and as the superuser. */
  readonly app: pg.Client;
  readonly root: pg.Client;
}

async function place(t: Test): Promise<Place> {
  const { names } = await setStage(t);
  const [app, root] = [names.appUrl, names.superUrl].map((connectionString) => new pg.Client({ connectionString }));
  if (app === undefined || root === undefined) throw new Error("two connections");
  await app.connect();
  await root.connect();
  t.teardown(async () => {
    await app.end();
    await root.end();
  });
  return { app, root };
}

const content = '[{"aspects":{},"object":"schema public","of":null}]';

function baseline(changes: Record<string, string> = {}): string {
  return insertSql("gateway_baselines", {
    database: "'default'",
    gateway_digest: `'${digestOfBytes(content)}'`,
    content: `'${content}'`,
    reason: "'seen'",
    taken_by: "'sovereign'",
    ...changes,
  });
}

function decision(changes: Record<string, string> = {}): string {
  return insertSql("review_decisions", {
    decision_id: "gen_random_uuid()",
    database: "'default'",
    decision_kind: "'enactment'",
    decision: "'approve'",
    subjects: "'{ICX-CONST/*}'",
    reason: "'seen'",
    decided_by: "'council_1'",
    ...changes,
  });
}

function incident(changes: Record<string, string> = {}): string {
  return insertSql("lifecycle_incidents", {
    database: "'default'",
    kind: "'gateway_changed'",
    subject: "'schema public'",
    sighting: "'s1'",
    detail: "'{}'",
    ...changes,
  });
}

const resolve =
  "UPDATE lifecycle_incidents SET status = 'resolved', resolved_at = clock_timestamp(), resolved_by = 'operator', resolved_reason = 'seen'";

t.test("OPEN-10 a baseline is a sovereign's, of the digest of its content, and stays as it is", async (t) => {
  const { app, root } = await place(t);
  t.equal(await refusedBy(app, baseline()), undefined);
  for (const taken_by of ["'council_1'", "'operator'", "'admin'", "'nobody'"]) {
    t.equal(await refusedBy(app, baseline({ taken_by })), "baseline_by_sovereign", taken_by);
  }
  const disabled = "UPDATE principals SET status = 'disabled' WHERE principal = 'sovereign'";
  t.equal(await refusedBy(root, disabled, baseline()), "baseline_by_sovereign", "no longer active");
  t.equal(await refusedBy(app, baseline({ content: "'[]'" })), "gateway_digest_of_content");
  t.equal(await refusedBy(app, baseline({ reason: "' '" })), "reason_given");
  t.equal(await refusedBy(app, baseline({ baseline_id: "7" })), "428C9", "the number is the database's");
  for (const change of ["UPDATE gateway_baselines SET reason = 'x'", "DELETE FROM gateway_baselines"]) {
    t.equal(await refusedBy(app, baseline(), change), "42501", change);
    t.equal(await refusedBy(root, baseline(), change), "append_only", change);
    t.equal(
      await refusedBy(root, baseline(), "SET LOCAL session_replication_role = replica", change),
      "append_only",
      change,
    );
  }
  t.equal(await refusedBy(root, "TRUNCATE gateway_baselines"), "never_truncated");
  await app.query(baseline({ taken_at: "'2001-01-01'" }));
  const { rows } = await app.query(
    "SELECT FROM gateway_baselines WHERE taken_at > clock_timestamp() - interval '1 hour'",
  );
  t.equal(rows.length, 1, "when is the database's");
});

t.test("LIFE-6 a review decision is the council's, of one kind, and stays as it is", async (t) => {
  const { app, root } = await place(t);
  t.equal(await refusedBy(app, decision()), undefined);
  const forged: readonly [Record<string, string>, string][] = [
    [{ decided_by: "'sovereign'" }, "decision_by_council"],
    [{ decided_by: "'approver_1'" }, "decision_by_council"],
    [{ decided_by: "'nobody'" }, "decision_by_council"],
    [{ decision_kind: "'creation'" }, "decision_kind_known"],
    [{ decision: "'maybe'" }, "decision_known"],
    [{ subjects: "'{}'" }, "subjects_named"],
    [{ subjects: "'{a,NULL}'" }, "subjects_named"],
    [{ subjects: `'{a,""}'` }, "subjects_named"],
    [{ reason: "' '" }, "reason_given"],
  ];
  for (const [changes, constraint] of forged) {
    t.equal(await refusedBy(app, decision(changes)), constraint, JSON.stringify(changes));
  }
  for (const change of ["UPDATE review_decisions SET decision = 'reject'", "DELETE FROM review_decisions"]) {
    t.equal(await refusedBy(app, decision(), change), "42501", change);
    t.equal(await refusedBy(root, decision(), change), "append_only", change);
  }
  t.equal(await refusedBy(root, "TRUNCATE review_decisions CASCADE"), "never_truncated");
});

t.test("OPEN-10 an incident begins open, is resolved once and whole, and nothing else of it changes", async (t) => {
  const { app, root } = await place(t);
  const whole = { resolved_at: "clock_timestamp()", resolved_by: "'operator'", resolved_reason: "'x'" };
  t.equal(await refusedBy(app, incident()), undefined);
  t.equal(await refusedBy(app, incident({ status: "'resolved'", ...whole })), "incident_begins_open");
  t.equal(await refusedBy(app, incident(whole)), "resolved_whole");
  t.equal(await refusedBy(app, incident({ kind: "'odd'" })), "incident_kind_known");
  t.equal(await refusedBy(app, incident({ subject: "repeat('x', 301)" })), "subject_short");
  t.equal(await refusedBy(app, incident({ subject: "''" })), "subject_short");
  t.equal(await refusedBy(app, incident({ sighting: "repeat('x', 151)" })), "sighting_short");
  t.equal(await refusedBy(app, incident({ detail: "jsonb_build_object('a', repeat('x', 40000))" })), "detail_short");
  const wide = { subject: "repeat('\u{1f4dc}', 300)", sighting: "repeat('\u{1f4dc}', 150)" };
  t.equal(await refusedBy(app, incident(wide)), undefined, "whatever is as short as that can be indexed");
  t.equal(await refusedBy(app, incident(), incident()), "one_open_incident");
  t.equal(await refusedBy(app, incident(), resolve, incident()), undefined, "open anew once it was resolved");
  const line = { kind: "'direct_write_refused'", sighting: "'5f.1/7'" };
  t.equal(await refusedBy(app, incident(line), resolve, incident(line)), "one_incident_per_line");
  t.equal(await refusedBy(app, incident(line), incident({ ...line, database: "'other'" })), undefined);

  t.equal(await refusedBy(app, incident(), resolve), undefined);
  t.equal(await refusedBy(app, incident(), resolve, resolve), "incident_transition", "once");
  const by = (who: string): string => resolve.replace("'operator'", who);
  for (const who of ["'sovereign'", "'admin'", "'nobody'", "NULL"]) {
    t.equal(await refusedBy(app, incident(), by(who)), "incident_resolved_by_operator", who);
  }
  const without = "UPDATE lifecycle_incidents SET status = 'resolved', resolved_by = 'operator'";
  t.equal(await refusedBy(app, incident(), without), "resolved_whole", "with a reason");
  const reopen =
    "UPDATE lifecycle_incidents SET status = 'open', resolved_at = NULL, resolved_by = NULL, resolved_reason = NULL";
  t.equal(await refusedBy(root, incident(), resolve, reopen), "incident_transition");
  for (const change of [
    "subject = 'x'",
    "sighting = 'x'",
    "kind = 'log_contradicted'",
    "database = 'x'",
    `detail = '{"a":1}'`,
    "opened_at = '2001-01-01'",
  ]) {
    const sql = `${resolve}, ${change}`;
    t.equal(await refusedBy(app, incident(), sql), "42501", change);
    t.equal(await refusedBy(root, incident(), sql), "incident_transition", change);
  }
  t.equal(await refusedBy(app, incident(), "DELETE FROM lifecycle_incidents"), "42501");
  t.equal(await refusedBy(root, incident(), "DELETE FROM lifecycle_incidents"), "never_deleted");
  t.equal(
    await refusedBy(
      root,
      incident(),
      "SET LOCAL session_replication_role = replica",
      "DELETE FROM lifecycle_incidents",
    ),
    "never_deleted",
  );
  t.equal(await refusedBy(root, "TRUNCATE lifecycle_incidents"), "never_truncated");
});

t.test("LIFE-7 how far the log was read is moved on, and neither deleted nor given to another database", async (t) => {
  const { app, root } = await place(t);
  const position = insertSql("detector_positions", { database: "'default'", file: "'a.json'", position: "10" });
  t.equal(await refusedBy(app, position, "UPDATE detector_positions SET file = 'b.json', position = 0"), undefined);
  t.equal(
    await refusedBy(app, position, "UPDATE detector_positions SET position = -1"),
    "detector_positions_position_check",
  );
  t.equal(
    await refusedBy(app, position, "UPDATE detector_positions SET file = repeat('x', 301)"),
    "detector_positions_file_check",
  );
  t.equal(await refusedBy(app, position, "UPDATE detector_positions SET database = 'other'"), "42501");
  t.equal(await refusedBy(app, position, "DELETE FROM detector_positions"), "42501");
  t.equal(await refusedBy(root, position, "DELETE FROM detector_positions"), "never_deleted");
  t.equal(await refusedBy(root, "TRUNCATE detector_positions"), "never_truncated");
});

function mark(changes: Record<string, string> = {}): string {
  return insertSql("lifecycle_log_marks", {
    database: "'default'",
    log_id: "10",
    after_log_id: "0",
    digest: `'${digestOfBytes("a")}'`,
    lines: "10",
    ...changes,
  });
}

t.test("LIFE-2 marks of a log are one chain, each after the one before it, and stay as they are", async (t) => {
  const { app, root } = await place(t);
  t.equal(await refusedBy(app, mark(), mark({ log_id: "12", after_log_id: "10" })), undefined);
  t.equal(await refusedBy(app, mark(), mark({ database: "'other'" })), undefined);
  t.equal(await refusedBy(app, mark(), mark({ log_id: "11" })), "one_chain", "two that follow on the same");
  t.equal(await refusedBy(app, mark(), mark({ log_id: "12", after_log_id: "9" })), "mark_follows");
  t.equal(
    await refusedBy(app, mark(), mark({ database: "'other'", log_id: "12", after_log_id: "10" })),
    "mark_follows",
  );
  t.equal(await refusedBy(app, mark(), mark({ log_id: "10", after_log_id: "10" })), "marks_go_on");
  t.equal(await refusedBy(app, mark({ log_id: "0" })), "marks_go_on");
  t.equal(await refusedBy(app, mark({ lines: "0" })), "mark_has_lines");
  t.equal(await refusedBy(app, mark({ digest: "'sha256:a'" })), "mark_digest");
  for (const change of ["UPDATE lifecycle_log_marks SET lines = 9", "DELETE FROM lifecycle_log_marks"]) {
    t.equal(await refusedBy(app, mark(), change), "42501", change);
    t.equal(await refusedBy(root, mark(), change), "append_only", change);
    t.equal(
      await refusedBy(root, mark(), "SET LOCAL session_replication_role = replica", change),
      "append_only",
      change,
    );
  }
  t.equal(await refusedBy(root, "TRUNCATE lifecycle_log_marks"), "never_truncated");
});
