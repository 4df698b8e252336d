import pg from "pg";
import t, { type Test } from "tap";
import { changeSet } from "../../support/lifecycle.ts";
import {
  badDecisions,
  blanks,
  type Case,
  drafted,
  enact,
  enacting,
  logOf,
  nobody,
  refuses,
  type Scene,
  setScene,
  unitOf,
  type Values,
} from "./scene.ts";

t.setTimeout(120_000);

const everything = ["ICX-CONST/*", "DIEU-44/*"];

t.test("LIFE-7 supersession and retirement", async (t) => {
  const scene = await setScene(t);
  await t.test("LIFE-7 supersede", (t) => superseding(t, scene));
  await t.test("LIFE-7 retire", (t) => retiring(t, scene));
  await t.test("LIFE-7 an enactment and its retirement fit into one transaction", async (t) => {
    const [enactment, retirement] = [
      await scene.decide("enactment", everything),
      await scene.decide("retirement", everything),
    ];
    const rehearsed = `BEGIN;
      SELECT public.fn_iu_enact('ICX-CONST/DIEU-50', 'a', '${enactment}', 'enacted', NULL, NULL, NULL, false) ->> 'status' AS status;
      SELECT public.fn_iu_retire('ICX-CONST/DIEU-50', 'a', '${retirement}', NULL, 'undone', NULL, false) ->> 'status' AS status;
      ROLLBACK`;
    const before = await scene.digest();
    const results = (await many(scene.execUrl, rehearsed)).flatMap(({ rows }) => rows);
    t.same(results, [{ status: "enacted" }, { status: "retired" }]);
    t.equal(await scene.digest(), before);
  });
  await t.test("LIFE-7 many at once supersede once, and retire once", async (t) => {
    const address = "ICX-CONST/DIEU-51";
    const { uv_id: prior } = await enact(scene, address);
    const next = await drafted(scene, address, "At once.");
    const clients = Array.from({ length: 20 }, () => new pg.Client({ connectionString: scene.execUrl }));
    t.teardown(() => Promise.all(clients.map((client) => client.end())));
    await Promise.all(clients.map((client) => client.connect()));
    const tally = async (text: string, values: Values): Promise<string[]> => {
      const answers = clients.map((client) =>
        client.query<{ status: string }>(`SELECT ${text} ->> 'status' AS status`, [...values]),
      );
      return (await Promise.all(answers)).map(({ rows }) => rows[0]?.status ?? "").sort();
    };
    const supersession = await scene.decide("supersession", [address]);
    const retirement = await scene.decide("retirement", [address]);
    const supersede = "public.fn_iu_supersede($1, $2, $3, 'a', $4, NULL, NULL, NULL, false)";
    const superseded = await tally(supersede, [address, prior, next, supersession]);
    t.same(superseded, [...Array<string>(19).fill("already_superseded"), "superseded"]);
    const retired = await tally("public.fn_iu_retire($1, 'a', $2, NULL, 'at once', NULL, false)", [
      address,
      retirement,
    ]);
    t.same(retired, [...Array<string>(19).fill("already_retired"), "retired"]);
    const log = (await logOf(scene, address)).map((row) => row.transition_type);
    t.same(log, ["enact", "supersede", "enact", "retire"]);
  });
  const violated = await scene.target.query("SELECT * FROM public.fn_iu_verify_invariants() WHERE violations > 0");
  t.same(violated, [], "after all of it every invariant holds");
});

/** Several statements in one text, as one session. */
async function many(url: string, text: string): Promise<pg.QueryResult<{ status: string }>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)) as unknown as pg.QueryResult<{ status: string }>[];
  } finally {
    await client.end();
  }
}

async function superseding(t: Test, scene: Scene): Promise<void> {
  const { call, callReadOnly, decide, digest, target } = scene;
  const address = "ICX-CONST/DIEU-10";
  const decision = await decide("supersession", everything);
  const name = "fn_iu_supersede";
  const values = (
    prior: unknown,
    next: unknown,
    more: Partial<Record<"address" | "actor" | "decision" | "set", unknown>> = {},
  ): Values => {
    const all = { address, actor: "a tester", decision, set: changeSet, ...more };
    return [all.address, prior, next, all.actor, all.decision, all.set, "For a test.", "run-2"];
  };
  const { uv_id: first } = await enact(scene, address);
  const second = await drafted(scene, address, "Second.");
  const third = (await unitOf(scene, "ICX-CONST/DIEU-11")).version_anchor_ref;
  const unenacted = "DIEU-44/KHOAN-2";
  const { version_anchor_ref: anchor } = await unitOf(scene, unenacted);
  const [{ id: older } = { id: "" }] = await target.query<{ id: string }>(
    "SELECT v.id FROM unit_version AS v JOIN information_unit AS u ON u.id = v.unit_id WHERE u.canonical_address = $1 AND v.id <> u.version_anchor_ref",
    [unenacted],
  );
  await refuses(t, scene, name, [
    ["an address that nobody knows", "iu_not_found", values(first, second, { address: "X/Y" })],
    ["no address", "iu_not_found", values(first, second, { address: null })],
    ...blanks.map((actor): Case => ["an empty actor", "invalid_actor", values(first, second, { actor })]),
    ["itself", "self_supersession", values(first, first)],
    ["a draft by itself", "self_supersession", values(second, second)],
    ["a version that nobody knows", "version_not_found", values(first, nobody)],
    ["by nothing", "version_not_found", values(first, null)],
    ["of nothing", "version_not_found", values(null, second)],
    ["a version of another unit", "version_not_of_unit", values(first, third)],
    ["in the place of another unit's", "version_not_of_unit", values(third, second)],
    ["with the versions of another unit", "version_not_of_unit", values(anchor, older)],
    ...(await badDecisions(scene, "supersession", address, (one) => values(first, second, { decision: one }))),
    ["a change set that nobody knows", "change_set_not_found", values(first, second, { set: nobody })],
    ["a draft that takes the place of a draft", "prior_not_anchor", values(second, first)],
    ["a unit that is a draft", "invalid_transition", values(anchor, older, { address: unenacted })],
  ]);

  const before = await digest();
  const planned = {
    canonical_address: address,
    uv_id: first,
    new_uv_id: second,
    from_status: "enacted",
    to_status: "enacted",
  };
  t.match(await callReadOnly(name, [...values(first, second), true]), {
    ...planned,
    status: "plan_ok",
    would_write_rows: { iu: 1, uv: 2, log: 2 },
  });
  t.equal(await digest(), before);
  const done = await call(name, [...values(first, second), false]);
  t.match(done, {
    ...planned,
    status: "superseded",
    wrote_rows: { iu: 1, uv: 2, log: 2 },
    log_id: Number,
    enact_log_id: Number,
  });
  t.match(await unitOf(scene, address), {
    lifecycle_status: "enacted",
    version_anchor_ref: second,
    title: "Title of Second.",
  });
  const versions = await target.query(
    "SELECT id, lifecycle_status, enacted_at IS NOT NULL AS enacted FROM unit_version WHERE id = ANY ($1) ORDER BY version_seq",
    [[first, second]],
  );
  t.same(versions, [
    { id: first, lifecycle_status: "superseded", enacted: true },
    { id: second, lifecycle_status: "enacted", enacted: true },
  ]);
  t.match(await logOf(scene, address), [
    { transition_type: "enact", uv_id: first },
    {
      transition_type: "supersede",
      uv_id: first,
      from_status: "enacted",
      to_status: "superseded",
      log_id: String(done.log_id),
      run_ref: "run-2",
    },
    {
      transition_type: "enact",
      uv_id: second,
      from_status: "draft",
      to_status: "enacted",
      log_id: String(done.enact_log_id),
    },
  ]);
  const after = await digest();
  for (const dry of [false, true])
    t.match(await call(name, [...values(first, second), dry]), {
      status: "already_superseded",
      log_id: done.log_id,
      enact_log_id: done.enact_log_id,
    });
  t.equal(await digest(), after, "superseded again, nothing is written");

  const fourth = await drafted(scene, address, "Fourth.");
  await refuses(t, scene, name, [["what is superseded", "prior_not_anchor", values(first, fourth)]]);
  t.equal((await call(name, [...values(second, fourth), false])).status, "superseded");
  t.match(
    await call(name, [...values(first, second), false]),
    { status: "already_superseded", log_id: done.log_id },
    "a late repetition is one still",
  );
  await refuses(t, scene, name, [
    ["back to what was superseded", "invalid_transition", values(fourth, first)],
    ["what was superseded by another", "prior_not_anchor", values(first, fourth)],
  ]);
  t.equal(
    (await call("fn_iu_enact", [...enacting(address, await decide("enactment", [address])), false])).status,
    "already_enacted",
  );
}

async function retiring(t: Test, scene: Scene): Promise<void> {
  const { call, callReadOnly, decide, digest, target } = scene;
  const address = "ICX-CONST/DIEU-20";
  const name = "fn_iu_retire";
  const decision = await decide("retirement", everything);
  const values = (more: Partial<Record<"address" | "actor" | "decision" | "set" | "reason", unknown>> = {}): Values => {
    const all = {
      address,
      actor: "a tester",
      decision,
      set: changeSet,
      reason: "accidental_enactment_compensation",
      ...more,
    };
    return [all.address, all.actor, all.decision, all.set, all.reason, "run-3"];
  };
  await refuses(t, scene, name, [
    ["an address that nobody knows", "iu_not_found", values({ address: "X/Y" })],
    ...blanks.map((actor): Case => ["an empty actor", "invalid_actor", values({ actor })]),
    ...blanks.map((reason): Case => ["no reason", "reason_required", values({ reason })]),
    ...(await badDecisions(scene, "retirement", address, (one) => values({ decision: one }))),
    ["a change set that nobody knows", "change_set_not_found", values({ set: nobody })],
  ]);
  const superseded = "ICX-CONST/DIEU-22";
  await enact(scene, address);
  const { uv_id: prior } = await enact(scene, superseded);
  const next = await drafted(scene, superseded, "Next.");
  await call("fn_iu_supersede", [
    superseded,
    prior,
    next,
    "a tester",
    await decide("supersession", [superseded]),
    null,
    null,
    null,
    false,
  ]);
  for (const [one, from] of [
    [address, "enacted"],
    ["ICX-CONST/DIEU-21", "draft"],
    [superseded, "enacted"],
  ] as const) {
    const before = await digest();
    const { version_anchor_ref: anchor, title } = await unitOf(scene, one);
    const planned = {
      canonical_address: one,
      uv_id: anchor,
      uv_content_digest: /^sha256:/,
      from_status: from,
      to_status: "retired",
    };
    t.match(await callReadOnly(name, [...values({ address: one }), true]), {
      ...planned,
      status: "plan_ok",
      would_write_rows: { iu: 1, uv: 1, log: 1 },
    });
    t.equal(await digest(), before);
    const done = await call(name, [...values({ address: one }), false]);
    t.match(done, { ...planned, status: "retired", log_id: Number, wrote_rows: { iu: 1, uv: 1, log: 1 } });
    t.match(await unitOf(scene, one), { lifecycle_status: "retired", version_anchor_ref: anchor, title });
    t.match(await target.query("SELECT lifecycle_status FROM unit_version WHERE id = $1", [anchor]), [
      { lifecycle_status: "retired" },
    ]);
    t.match((await logOf(scene, one)).at(-1), {
      transition_type: "retire",
      from_status: from,
      to_status: "retired",
      uv_id: anchor,
      reason: /accidental/,
    });
    const after = await digest();
    for (const dry of [true, false])
      t.match(await call(name, [...values({ address: one }), dry]), {
        status: "already_retired",
        log_id: done.log_id,
        uv_id: anchor,
      });
    t.equal(await digest(), after, "retired again, nothing is written");
  }
  t.match(
    (await logOf(scene, address)).map((row) => row.transition_type),
    ["enact", "retire"],
    "the enactment stays on record",
  );
  await refuses(t, scene, "fn_iu_enact", [
    ["what is retired", "invalid_transition", enacting(address, await decide("enactment", [address]))],
  ]);
  const decided = await decide("supersession", [superseded]);
  await refuses(t, scene, "fn_iu_supersede", [
    ["what is retired", "invalid_transition", [superseded, next, prior, "a", decided, null, null, null]],
  ]);
  t.equal((await call("fn_iu_apply_edit_draft", [address, "t", "b", "an editor"])).status, "not_a_draft");
}
