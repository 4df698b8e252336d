import t from "tap";
import { changeSet } from "../../support/lifecycle.ts";
import { ask } from "../../support/runs.ts";
import {
  answers,
  badDecisions,
  type Case,
  edit,
  gateway,
  nobody,
  post,
  setPlace,
  stateOf,
  unit,
} from "./refusals-scene.ts";

t.setTimeout(240_000);

t.test("LIFE-1 what is asked for in a dry run is refused in the document's words", async (t) => {
  const place = await setPlace(t);
  const { enactment, supersession, retirement } = place;
  const enacted = await gateway(place, "fn_iu_enact($1, 'a tester', $2, 'enacted', NULL, NULL, NULL, false)", [
    "ICX-CONST/DIEU-2",
    enactment,
  ]);
  const retired = await gateway(place, "fn_iu_retire($1, 'a tester', $2, NULL, 'For a test.', NULL, false)", [
    "ICX-CONST/DIEU-3",
    retirement,
  ]);
  t.strictSame([enacted, retired], ["enacted", "retired"]);
  await edit(place, 2);
  const [anchor] = await place.target.query<{ own: string; newest: string; foreign: string }>(
    `SELECT u.version_anchor_ref AS own,
            (SELECT v.id FROM unit_version v WHERE v.unit_id = u.id AND v.id <> u.version_anchor_ref) AS newest,
            (SELECT version_anchor_ref FROM information_unit WHERE canonical_address = 'ICX-CONST/DIEU-4') AS foreign
       FROM information_unit u WHERE canonical_address = 'ICX-CONST/DIEU-2'`,
  );
  const asks = (path: string, body: object) => () =>
    post(place, path, { dry_run: true, reason: "For a test.", ...body });
  const says = (word: string) => ({
    status: 200,
    word,
    rows: null,
    log_id: word.startsWith("already") ? Number : null,
  });
  const decisionCases = async (path: string, kind: string, other: string, body: object): Promise<Case[]> =>
    (await badDecisions(place, kind, other)).map(([what, review_decision_id, word]) => [
      `${path}: ${what}`,
      asks(path, { ...body, review_decision_id }),
      says(word),
    ]);

  await answers(t, place, [
    [
      "an unknown address",
      asks("enactments", { canonical_address: "ICX-CONST/DIEU-999", review_decision_id: enactment }),
      says("iu_not_found"),
    ],
    [
      "an address in other letters",
      asks("enactments", { canonical_address: "icx-const/dieu-1", review_decision_id: enactment }),
      says("iu_not_found"),
    ],
    ...(await decisionCases("enactments", "enactment", retirement, unit(1))),
    [
      "an unknown change set",
      asks("enactments", { ...unit(1), review_decision_id: enactment, change_set_id: nobody }),
      says("change_set_not_found"),
    ],
    [
      "a unit that is enacted",
      asks("enactments", { ...unit(2), review_decision_id: enactment }),
      says("already_enacted"),
    ],
    [
      "a unit that is retired",
      asks("enactments", { ...unit(3), review_decision_id: enactment }),
      says("invalid_transition"),
    ],
    [
      "a unit that superseded itself",
      asks("supersessions", { ...unit(2), review_decision_id: supersession, new_version_id: anchor?.own }),
      says("self_supersession"),
    ],
    [
      "another unit's version",
      asks("supersessions", { ...unit(2), review_decision_id: supersession, new_version_id: anchor?.foreign }),
      says("version_not_of_unit"),
    ],
    [
      "a version that is not there",
      asks("supersessions", { ...unit(2), review_decision_id: supersession, new_version_id: nobody }),
      says("version_not_found"),
    ],
    ...(await decisionCases("supersessions", "supersession", enactment, {
      ...unit(2),
      new_version_id: anchor?.newest,
    })),
    ...(await decisionCases("retirements", "retirement", enactment, unit(1))),
    [
      "a retirement again",
      asks("retirements", { ...unit(3), review_decision_id: retirement }),
      says("already_retired"),
    ],
    [
      "a retirement without a reason",
      () => post(place, "retirements", { dry_run: true, ...unit(1), review_decision_id: retirement }),
      says("reason_required"),
    ],
    [
      "and what is right",
      asks("enactments", { ...unit(1), review_decision_id: enactment, change_set_id: changeSet }),
      { status: 200, word: "plan_ok", rows: { iu: 1, uv: 1, log: 1 } },
    ],
  ]);
});

t.test("LIFE-1 a status outside the vocabulary and an empty actor do not get into the target by any way", async (t) => {
  const place = await setPlace(t, { runConcurrency: 0 });
  const { enactment, target } = place;
  const before = await stateOf(place);
  for (const status of ["NOT_IN_VOCAB", "", "ENACTED", "retired"]) {
    const call = "fn_iu_enact('ICX-CONST/DIEU-1', 'a tester', $1, $2, NULL, NULL, NULL, false)";
    t.equal(await gateway(place, call, [enactment, status]), "invalid_target_lifecycle", status);
  }
  for (const actor of ["", "   ", "\t\n", null]) {
    const call = "fn_iu_enact('ICX-CONST/DIEU-1', $2, $1, 'enacted', NULL, NULL, NULL, false)";
    t.equal(await gateway(place, call, [enactment, actor]), "invalid_actor");
  }
  for (const status of ["enacted", "NOT_IN_VOCAB"]) {
    const update = `UPDATE public.information_unit SET lifecycle_status = '${status}' WHERE canonical_address = 'ICX-CONST/DIEU-1'`;
    await t.rejects(ask(target.url, update), { code: "42501", message: /^IU Gateway blocked/ });
    await t.rejects(ask(target.superUrl, update), { code: "42501", message: /^IU Gateway blocked/ });
  }
  t.strictSame(await stateOf(place), before, "nothing has changed");
});
