import t, { type Test } from "tap";
import { changeSet, creationDecision } from "../../support/lifecycle.ts";
import { decide, prepareTransition, rehearseManifest } from "../../support/lifecycle-runs.ts";
import { ask, startRun } from "../../support/runs.ts";
import {
  answers,
  badDecisions,
  type Case,
  edit,
  gateway,
  manifestFor,
  nobody,
  type Place,
  post,
  revoke,
  setPlace,
  type Started,
  stops,
  unit,
} from "./refusals-scene.ts";

t.setTimeout(240_000);

t.test("OPEN-10 a target that lacks the gateway, or is down, is refused as such", async (t) => {
  const place = await setPlace(t, { runConcurrency: 0 });
  const { service, enactment } = place;
  const everywhere = (database: string, expected: object): Case[] => {
    const body = { database, review_decision_id: enactment, reason: "A reason." };
    const list = (what: string) => () =>
      service.call("GET", `/v1/lifecycle/${what}?database=${database}`, { as: "auditor" });
    return [
      [`${database}: a dry run`, () => post(place, "enactments", { ...body, ...unit(1), dry_run: true }), expected],
      [
        `${database}: a supersession`,
        () => post(place, "supersessions", { ...body, ...unit(1), dry_run: true, new_version_id: nobody }),
        expected,
      ],
      [`${database}: a retirement`, () => post(place, "retirements", { ...body, ...unit(1), dry_run: true }), expected],
      [
        `${database}: a manifest`,
        () => post(place, "manifests", { ...body, transition: "enact", units: [unit(1)] }, "requester"),
        expected,
      ],
      [`${database}: the log`, list("log"), expected],
    ];
  };
  await answers(t, place, [
    ...everywhere("bare", { status: 409, code: "GATEWAY_NOT_INSTALLED" }),
    ...everywhere("units", { status: 409, code: "GATEWAY_NOT_INSTALLED" }),
    ...everywhere("down", { status: 503, code: "TARGET_UNAVAILABLE" }),
    [
      "down: units",
      () => service.call("GET", "/v1/lifecycle/units?database=down", { as: "auditor" }),
      { status: 503, code: "TARGET_UNAVAILABLE" },
    ],
    [
      "bare: units",
      () => service.call("GET", "/v1/lifecycle/units?database=bare", { as: "auditor" }),
      { status: 409, code: "GATEWAY_NOT_INSTALLED" },
    ],
  ]);
});

t.test("LIFE-6 a decision for a target that is down waits, and holds none up for the others", async (t) => {
  const { service } = await setPlace(t, { runConcurrency: 0 });
  const body = { decision_kind: "enactment", decision: "approve", subjects: ["A/*"], reason: "So.", database: "down" };
  const recorded = await service.call("POST", "/v1/review-decisions", { as: "council_1", body });
  t.match(recorded, { status: 201, body: { carried_at: null } });
  const later = await decide(service, "enactment", ["A/*"]);
  t.ok(later, "a later one is carried to its own target");
  const id = String(recorded.body["decision_id"]);
  const read = await service.call("GET", `/v1/review-decisions/${id}`, { as: "auditor" });
  t.match(read, { status: 200, body: { database: "down", carried_at: null } });
});

t.test("LIFE-6 a run under another decision than the council's for it is not started", async (t) => {
  const place = await setPlace(t);
  const { service, key, enactment, retirement } = place;
  for (const [what, decision, word] of await badDecisions(place, "enactment", retirement)) {
    const manifest = await manifestFor(place, "enact", decision, [1, 2]);
    t.match(manifest, { passed: false, count: 2, results: [{ status: word }, { status: word }] });
    await refusesDecision(t, place, what, await prepareTransition(service, manifest, { key }), decision, word);
  }
  for (const [what, decision, word] of (await badDecisions(place, "retirement", enactment)).slice(1, 3)) {
    const manifest = await manifestFor(place, "retire", decision, [1]);
    const run = await prepareTransition(service, manifest, { key });
    await refusesDecision(t, place, `a retirement, ${what}`, run, decision, word);
  }
});

/** Refused at once: the council's own record is what counts, and of what only the target has it knows nothing. */
async function refusesDecision(
  t: Test,
  place: Place,
  what: string,
  run: Started,
  decision_id: string,
  word: string,
): Promise<void> {
  const status = decision_id === creationDecision ? "review_decision_not_found" : word;
  const refused = {
    status: 409,
    code: "TRANSITION_REFUSED",
    refused: [{ decision_id, status }],
    errors: [{ pointer: "/input/review_decision_id", detail: status }],
  };
  await answers(t, place, [[what, () => startRun(place.service, run), refused]]);
  const grant = await place.service.call("GET", `/v1/grants/${run.authCode}`, { as: "auditor" });
  t.match(grant.body, { status: "active", consumed_at: null }, `${what}: the grant is not burned`);
  await revoke(place, run.authCode);
}

t.test("LIFE-6 a run whose preflight the gateway does not pass stops there, and burns nothing", async (t) => {
  const place = await setPlace(t);
  const { service, target, key, enactment } = place;
  const starting = async (manifest: Parameters<typeof prepareTransition>[1]) =>
    prepareTransition(service, manifest, { key });
  const refused = (number: number, word: string) => ({
    error: { code: "TRANSITION_REFUSED", detail: new RegExp(`^ICX-CONST/DIEU-${number}: ${word}\\b`) },
  });
  const unknownSet = await manifestFor(place, "enact", enactment, [1], { change_set_id: nobody });
  await stops(t, place, "an unknown change set", await starting(unknownSet), refused(1, "change_set_not_found"));

  const approved = await starting(await manifestFor(place, "enact", enactment, [5, 6, 7]));
  t.equal(await enactPast(place, 6), "enacted");
  await stops(t, place, "one of them enacted already", approved, refused(6, "already_enacted"));

  const moved = await starting(await manifestFor(place, "enact", enactment, [8, 9]));
  await edit(place, 9);
  await stops(t, place, "a unit changed after the approval", moved, {
    error: { code: "UNIT_MOVED", detail: /^ICX-CONST\/DIEU-9 / },
  });

  const strange = await starting(await manifestFor(place, "enact", enactment, [10]));
  await ask(target.superUrl, "ALTER TABLE information_unit DISABLE TRIGGER trg_iu_enacted_immut");
  await stops(t, place, "another gateway than the approved one", strange, { error: { code: "GATEWAY_CHANGED" } });
  await ask(target.superUrl, "ALTER TABLE information_unit ENABLE ALWAYS TRIGGER trg_iu_enacted_immut");

  const gone = await starting(await manifestFor(place, "enact", enactment, [10]));
  await ask(target.superUrl, "ALTER FUNCTION public.fn_iu_enact RENAME TO fn_iu_enact_gone");
  await stops(t, place, "a gateway without its door", gone, { error: { code: "GATEWAY_CHANGED" } });
  await ask(target.superUrl, "ALTER FUNCTION public.fn_iu_enact_gone RENAME TO fn_iu_enact");
});

function enactPast(place: Place, number: number): Promise<string> {
  const call = "fn_iu_enact($1, 'a tester', $2, 'enacted', NULL, NULL, NULL, false)";
  return gateway(place, call, [`ICX-CONST/DIEU-${number}`, place.enactment]);
}

t.test("LIFE-6 OPEN-1 production needs a rehearsal, and one of the units as they are", async (t) => {
  const place = await setPlace(t);
  const { service, key, enactment } = place;
  const manifest = await manifestFor(place, "enact", enactment, [1, 2]);
  await t.rejects(
    prepareTransition(service, manifest, { key, environment: "production" }),
    { message: /422.*FAIL:reject_payload_rehearsal_ref/ },
    "no grant is minted without a rehearsal",
  );
  const rehearsal = await rehearseManifest(service, manifest);
  t.equal(rehearsal.status, "succeeded", JSON.stringify(rehearsal.error));
  const other = await manifestFor(place, "enact", enactment, [1, 3]);
  await t.rejects(
    prepareTransition(service, other, { key, rehearsal: rehearsal.rehearsal_ref ?? "" }),
    { message: /422.*FAIL:reject_rehearsal/ },
    "nor with that of another manifest",
  );
  const production = async (number: number, more: object = {}) => {
    const approved = await manifestFor(place, "enact", enactment, [number], more);
    const { rehearsal_ref } = await rehearseManifest(service, approved);
    return prepareTransition(service, approved, { key, rehearsal: rehearsal_ref ?? "" });
  };
  const edited = await production(4);
  await edit(place, 4);
  await stops(t, place, "a text that changed after the rehearsal", edited, { error: { code: "UNIT_MOVED" } });
  const amended = await production(5);
  const amendment = await decide(service, "amendment", ["ICX-CONST/*"]);
  const patch = "fn_iu_amend_identity_profile($1, $2, 'a tester', $3, 'For a test.', NULL, false)";
  const values = ["ICX-CONST/DIEU-5", { publication_authority_ref: "another" }, amendment];
  t.equal(await gateway(place, patch, values), "amended");
  await stops(t, place, "a profile that changed after the rehearsal", amended, { error: { code: "UNIT_MOVED" } });
  const filed = await production(6, { change_set_id: changeSet });
  await ask(place.target.superUrl, "UPDATE cutter_governance.cut_change_set SET title = 'Another'");
  await stops(t, place, "a change set that changed after the rehearsal", filed, {
    stop_state: "ABORT_NO_LEASE",
    last_ok_state: "S0",
    error: { code: "REHEARSAL_STALE" },
  });
});
