import pg from "pg";
import t, { type Test } from "tap";
import { eventually } from "../../support/data-directory.ts";
import { changeSet } from "../../support/lifecycle.ts";
import { ask } from "../../support/runs.ts";
import {
  type Answer,
  badDecisions,
  blanks,
  type Case,
  enacting,
  nobody,
  refuses,
  type Scene,
  setScene,
  unitOf,
} from "./scene.ts";

t.setTimeout(160_000);

t.test("LIFE-1 the one door to enactment", async (t) => {
  const scene = await setScene(t);
  const { call, callReadOnly, decide, digest, target } = scene;
  const all = ["ICX-CONST/*", "DIEU-44/*"];
  const enactment = await decide("enactment", all);
  const retirement = await decide("retirement", all);
  const amendment = await decide("amendment", all);
  await t.test("LIFE-1 enact: every refusal, in the document's words", async (t) => {
    const address = "ICX-CONST/DIEU-0";
    await refuses(t, scene, "fn_iu_enact", [
      ...[null, "", "NOT_AN_ADDRESS", "icx-const/dieu-0", " ICX-CONST/DIEU-0", "ICX-CONST/%"].map(
        (unknown): Case => [`the address ${unknown}`, "iu_not_found", enacting(unknown, enactment)],
      ),
      ...blanks.map((actor): Case => ["an empty actor", "invalid_actor", enacting(address, enactment, { actor })]),
      ...["NOT_IN_VOCAB", "", "ENACTED", "draft", "superseded", "retired"].map(
        (word): Case => [
          `the target ${word}`,
          "invalid_target_lifecycle",
          enacting(address, enactment, { target: word }),
        ],
      ),
      ...(await badDecisions(scene, "enactment", address, (decision) => enacting(address, decision))),
      ["a change set that nobody knows", "change_set_not_found", enacting(address, enactment, { set: nobody })],
      ["all of it wrong", "iu_not_found", enacting("X", nobody, { actor: "", target: "X", set: nobody })],
      ["all but the address", "invalid_actor", enacting(address, nobody, { actor: "", target: "X", set: nobody })],
      ["all but the actor", "invalid_target_lifecycle", enacting(address, nobody, { target: "X", set: nobody })],
      ["decision and change set", "review_decision_not_found", enacting(address, nobody, { set: nobody })],
    ]);
  });

  await t.test("LIFE-1 enact: a plan, then once in earnest, then never again", async (t) => {
    const address = "ICX-CONST/DIEU-1";
    const values = enacting(address, await decide("enactment", ["SOMETHING/ELSE", address]));
    const before = await digest();
    const was = await unitOf(scene, address);
    const planned = {
      status: "plan_ok",
      canonical_address: address,
      iu_id: was.id,
      uv_id: was.version_anchor_ref,
      from_status: "draft",
      to_status: "enacted",
    };
    for (const dry of [true, null]) {
      const plan = await callReadOnly("fn_iu_enact", [...values, dry]);
      t.match(plan, { ...planned, would_write_rows: { iu: 1, uv: 1, log: 1 } });
      t.notOk(plan.wrote_rows);
    }
    t.equal(await digest(), before, "a plan changes nothing");
    const done = await call("fn_iu_enact", [...values, false]);
    t.match(done, { ...planned, status: "enacted", log_id: Number, wrote_rows: { iu: 1, uv: 1, log: 1 } });
    t.notOk(done.would_write_rows);
    const { updated_at: _, ...is } = await unitOf(scene, address);
    const { updated_at: __, ...then } = was;
    t.same(is, { ...then, lifecycle_status: "enacted" }, "of the unit only the status is another");
    const [version] = await target.query("SELECT * FROM unit_version WHERE id = $1", [done.uv_id]);
    t.match(version, { lifecycle_status: "enacted", enacted_at: Date, content_digest: done.uv_content_digest });
    const log = await target.query("SELECT * FROM iu_lifecycle_log WHERE canonical_address = $1", [address]);
    const row = {
      log_id: String(done.log_id),
      iu_id: done.iu_id,
      uv_id: done.uv_id,
      transition_type: "enact",
      from_status: "draft",
      to_status: "enacted",
      actor: "a tester",
      review_decision_id: values[2],
      change_set_id: changeSet,
      reason: "For a test.",
      run_ref: "run-1",
      uv_content_digest: done.uv_content_digest,
      session_role: new URL(scene.execUrl).username,
    };
    t.match(log, [row]);
    const after = await digest();
    for (const dry of [false, true, false])
      t.match(await call("fn_iu_enact", [...values, dry]), {
        status: "already_enacted",
        log_id: done.log_id,
        uv_id: done.uv_id,
      });
    t.equal(await digest(), after, "enacted again, nothing is written");
    t.equal(
      (await call("fn_iu_enact", [...enacting("ICX-CONST/DIEU-2", enactment, { target: null, set: null }), false]))
        .status,
      "enacted",
      "without a target it is that of the configuration, and a change set need not be",
    );
  });

  await t.test("LIFE-1 enact: what the configuration decides", async (t) => {
    const address = "ICX-CONST/DIEU-3";
    const set = (key: string, value: string) =>
      ask(target.superUrl, "UPDATE public.dot_config SET value = $2 WHERE key = $1", [key, value]);
    await set("iu_enact.mode", "off");
    await refuses(t, scene, "fn_iu_enact", [["switched off", "gateway_disabled", enacting(address, enactment)]]);
    await refuses(t, scene, "fn_iu_retire", [
      ["switched off", "gateway_disabled", [address, "a", retirement, null, "r", null]],
    ]);
    await set("iu_enact.mode", "enforced");
    await set("iu_enact.allow_no_review_decision", "true");
    t.equal(
      (await call("fn_iu_enact", [...enacting(address, null), true])).status,
      "plan_ok",
      "without a decision, where that is allowed",
    );
    await refuses(t, scene, "fn_iu_enact", [
      ["a wrong one all the same", "review_decision_not_found", enacting(address, nobody)],
    ]);
    await refuses(t, scene, "fn_iu_retire", [
      ["not to retire", "review_decision_not_found", [address, "a", null, null, "r", null]],
    ]);
    await set("iu_enact.allow_no_review_decision", "false");
    await set("iu_create.gateway.mode", "off");
    const before = await digest();
    await t.rejects(
      call("fn_iu_enact", [...enacting(address, enactment), false]),
      { code: "42501", message: /^IU Gateway blocked/ },
      "a gateway that does not enforce lets nobody in",
    );
    t.equal(await digest(), before);
    await set("iu_create.gateway.mode", "enforced");
  });

  await t.test(
    "LIFE-1 a unit without an anchor has nothing that could be enacted, superseded, retired or amended",
    async (t) => {
      const address = "DIEU-44/KHOAN-98";
      const { version_anchor_ref: anchor } = await unitOf(scene, address);
      const setAnchor = (value: string) =>
        ask(
          target.superUrl,
          `BEGIN; ALTER TABLE information_unit DISABLE TRIGGER USER;
        UPDATE information_unit SET version_anchor_ref = ${value} WHERE canonical_address = '${address}';
        SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE information_unit ENABLE TRIGGER USER; ALTER TABLE information_unit ENABLE ALWAYS TRIGGER trg_iu_enacted_immut;
        ALTER TABLE information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard; COMMIT`,
        );
      await setAnchor("NULL");
      await refuses(t, scene, "fn_iu_enact", [["no anchor", "version_anchor_missing", enacting(address, enactment)]]);
      await refuses(t, scene, "fn_iu_retire", [
        ["no anchor", "version_anchor_missing", [address, "a", retirement, null, "r", null]],
      ]);
      await refuses(t, scene, "fn_iu_amend_identity_profile", [
        [
          "no anchor",
          "version_anchor_missing",
          [address, { publication_authority_ref: "x" }, "a", amendment, null, null],
        ],
      ]);
      await setAnchor(`'${anchor}'`);
    },
  );

  await t.test("LIFE-1 forty at once enact a unit once", (t) => fortyAtOnce(t, scene, enactment));
});

/** Forty sessions enact one unit, all of them at its lock before the first goes on. @returns what they were answered */
async function atOnce({ target, execUrl }: Scene, address: string, enactment: string): Promise<Answer[]> {
  const clients = Array.from(
    { length: 40 },
    () => new pg.Client({ connectionString: execUrl, application_name: "at once" }),
  );
  const holder = new pg.Client({ connectionString: target.superUrl });
  try {
    await Promise.all([holder, ...clients].map((client) => client.connect()));
    await holder.query("BEGIN");
    await holder.query("SELECT FROM information_unit WHERE canonical_address = $1 FOR UPDATE", [address]);
    const answers = clients.map((client) =>
      client.query<{ answer: Answer }>(
        "SELECT public.fn_iu_enact($1, $2, $3, $4, $5, $6, $7, false) AS answer",
        enacting(address, enactment),
      ),
    );
    await eventually(async () => {
      const [waiting] = await target.query<{ n: number }>(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'at once' AND datname = current_database() AND wait_event_type = 'Lock'",
      );
      return waiting?.n === clients.length;
    });
    await holder.query("COMMIT");
    return (await Promise.all(answers)).map(({ rows }) => rows[0]?.answer as Answer);
  } finally {
    await Promise.all([holder, ...clients].map((client) => client.end()));
  }
}

async function fortyAtOnce(t: Test, scene: Scene, enactment: string): Promise<void> {
  const { target } = scene;
  const logged = async (address: string): Promise<number> =>
    (await target.query("SELECT FROM iu_lifecycle_log WHERE canonical_address = $1", [address])).length;
  const address = "ICX-CONST/DIEU-40";
  const answers = await atOnce(scene, address, enactment);
  t.equal(answers.filter(({ status }) => status === "enacted").length, 1);
  t.equal(answers.filter(({ status }) => status === "already_enacted").length, 39);
  t.equal(new Set(answers.map(({ log_id }) => log_id)).size, 1, "all are answered with the one row of the log");
  t.equal(await logged(address), 1);

  // The control: the same function without its lock, the unique index and the trigger behind it does it forty times.
  const [{ def } = { def: "" }] = await target.query<{ def: string }>(
    "SELECT pg_get_functiondef('public.fn_iu_enact'::regproc) AS def",
  );
  t.match(def, / FOR UPDATE/);
  await ask(
    target.superUrl,
    `${def.replaceAll(" FOR UPDATE", "")}; DROP INDEX iu_lifecycle_log_version_once;
    ALTER TABLE information_unit DISABLE TRIGGER trg_iu_enacted_immut; ALTER TABLE unit_version DISABLE TRIGGER trg_uv_enacted_immut`,
  );
  const naive = "ICX-CONST/DIEU-41";
  const doubled = await atOnce(scene, naive, enactment);
  t.equal(doubled.filter(({ status }) => status === "enacted").length, 40, "each believes that it was the one");
  t.equal(await logged(naive), 40);
}
