import t from "tap";
import { prepareTransition } from "../../support/lifecycle-runs.ts";
import { startRun } from "../../support/runs.ts";
import { answers, type Case, manifestFor, nobody, type Place, post, setPlace, unit } from "./refusals-scene.ts";

const invalid = (pointer: string) => ({ status: 400, code: "INVALID_REQUEST", errors: [{ pointer }] });

t.setTimeout(240_000);

t.test("LIFE-1 what makes no sense is refused with its place", async (t) => {
  const place = await setPlace(t, { runConcurrency: 0 });
  const { service, enactment, retirement, key } = place;
  const manifest = await manifestFor(place, "enact", enactment, [1, 2]);
  const one = await manifestFor(place, "enact", enactment, [1]);
  const retirements = await manifestFor(place, "retire", retirement, [1]);
  const run = await prepareTransition(service, manifest, { key });
  // Approved with the digests of the enactment, and all the same for the retirement of units.
  const disguised = { ...manifest, input: { ...manifest.input, transition: "retire" } };
  const retiring = await prepareTransition(service, disguised, { key });
  const asks = (path: string, body: object) => () => post(place, path, body);
  const dry = (body: object) =>
    asks("enactments", { dry_run: true, ...unit(1), review_decision_id: enactment, ...body });
  const makes = (body: object) => () =>
    post(
      place,
      "manifests",
      { transition: "enact", review_decision_id: enactment, reason: "A reason.", ...body },
      "requester",
    );
  const starts = (body: object) => () => startRun(service, { body: { ...run.body, ...body } });
  const inputOf = (changes: object) => ({ input: { ...manifest.input, ...changes } });
  const bound = (changes: object) => ({ bindings: { ...(run.body["bindings"] as object), ...changes } });
  const { build: _, ...alone } = run.body;
  const grantless = { ...alone, input: one.input };
  const mismatch = { status: 403, code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH" };
  const [first, second] = manifest.input.units;

  await answers(t, place, [
    ["an empty address", dry({ canonical_address: "" }), invalid("/canonical_address")],
    ["a blank reason", dry({ reason: "  " }), invalid("/reason")],
    ["a decision that is no id", dry({ review_decision_id: "yes" }), invalid("/review_decision_id")],
    [
      "a retirement without a decision",
      asks("retirements", { dry_run: true, ...unit(1), reason: "So." }),
      invalid("/review_decision_id"),
    ],
    [
      "a dry run about nothing",
      asks("enactments", { dry_run: true }),
      {
        ...invalid("/canonical_address"),
        errors: [{ pointer: "/canonical_address" }, { pointer: "/review_decision_id" }],
      },
    ],
    ["both forms", dry({ auth_code: run.authCode }), invalid("/auth_code")],
    [
      "both forms, the other way round",
      asks("enactments", { ...grantless, ...unit(1) }),
      invalid("/canonical_address"),
    ],
    ["neither form", asks("enactments", {}), invalid("/idempotency_root")],
    ["dry_run that is not true", dry({ dry_run: false }), invalid("/idempotency_root")],
    ["more than one unit", asks("enactments", alone), invalid("/input/units")],
    ["another transition's input", asks("retirements", grantless), invalid("/input/transition")],
    ["an actor of one's own", dry({ actor: "somebody" }), invalid("/actor")],
    ["a target status of one's own", dry({ target_status: "NOT_IN_VOCAB" }), invalid("/target_status")],
    ["an unknown database", dry({ database: "elsewhere" }), invalid("/database")],
    ["a database that is no name", dry({ database: "../" }), invalid("/database")],
    [
      "an unknown database, to list",
      () => service.call("GET", "/v1/lifecycle/units?database=elsewhere", { as: "auditor" }),
      { ...invalid(""), errors: [{ pointer: /^[/?]database$/ }] },
    ],
    [
      "a status outside the vocabulary",
      () => service.call("GET", "/v1/lifecycle/units?status=NOT_IN_VOCAB", { as: "auditor" }),
      invalid("?status"),
    ],

    ["a manifest of nothing", makes({}), invalid("/units")],
    ["a manifest of two choices", makes({ units: [unit(1)], address_prefix: "ICX-CONST/" }), invalid("/units")],
    ["a manifest of no units", makes({ units: [] }), invalid("/units")],
    [
      "a manifest of a unit twice",
      makes({ units: [unit(1), unit(2), unit(1)] }),
      invalid("/units/2/canonical_address"),
    ],
    [
      "a manifest of an unknown unit",
      makes({ units: [unit(1), unit(999)] }),
      { ...invalid("/units/1/canonical_address"), errors: [{ detail: "iu_not_found" }] },
    ],
    ["a manifest of an unknown beginning", makes({ address_prefix: "NOTHING/" }), invalid("/address_prefix")],
    ["a manifest of an unknown transition", makes({ transition: "revert", units: [unit(1)] }), invalid("/transition")],
    [
      "a manifest of a new version for none",
      makes({ units: [{ ...unit(1), new_version_id: nobody }] }),
      invalid("/units/0/new_version_id"),
    ],
    [
      "a compensation for what has none",
      makes({
        transition: "retire",
        review_decision_id: retirement,
        compensation_decision_id: retirement,
        units: [unit(1)],
      }),
      { ...invalid(""), errors: [{ pointer: /\/compensation_decision_id$/ }] },
    ],

    ["a unit twice", starts(inputOf({ units: [first, second, first] })), invalid("/input/units/2")],
    ["no unit", starts(inputOf({ units: [] })), invalid("/input/units")],
    [
      "a unit's digest that is none",
      starts(inputOf({ units: [{ ...first, version_digest: "sha256:x" }] })),
      invalid("/input/units/0/version_digest"),
    ],
    [
      "a new version for none",
      starts(inputOf({ units: [{ ...first, new_version_id: nobody }] })),
      invalid("/input/units/0"),
    ],
    ["another transition's input, in a run", starts({ input: retirements.input }), invalid("/input/transition")],
    [
      "another manifest than the input's",
      starts({ input: one.input }),
      { status: 422, code: "RUN_INPUT_MISMATCH", errors: [{ pointer: "/bindings/manifest_digest" }] },
    ],
    [
      "another gateway than the one that is bound",
      starts(inputOf({ gateway_digest: `sha256:${"0".repeat(64)}` })),
      { status: 422, code: "RUN_INPUT_MISMATCH", errors: [{ pointer: "/bindings/schema_digest" }] },
    ],
    ["an empty executor", starts(bound({ executor: "" })), invalid("/bindings/executor")],
    [
      "an executor who is not bound",
      () => startRun(service, run, { as: "other-builder" }),
      { ...mismatch, mismatched: ["executor"], errors: [{ pointer: "/bindings/executor" }] },
    ],
    [
      "an executor who calls himself another",
      starts(bound({ executor: "other-builder" })),
      { ...mismatch, mismatched: ["executor"] },
    ],
    [
      "a grant for another transition",
      () => startRun(service, { body: { ...retiring.body, input: manifest.input } }),
      {
        ...mismatch,
        mismatched: ["build"],
        errors: [{ pointer: "/build", detail: /the grant is for IU_LIFECYCLE_RETIRE/ }],
      },
    ],
    [
      "another manifest's grant",
      starts({
        build: "lifecycle-retire",
        input: retirements.input,
        ...bound({ manifest_digest: retirements.manifest_digest }),
      }),
      { ...mismatch, mismatched: ["manifest_digest"], errors: [{ pointer: "/bindings/manifest_digest" }] },
    ],
    [
      "an action that was not granted",
      starts(bound({ action_set: ["iu_retire"] })),
      { ...mismatch, mismatched: ["action_set"] },
    ],
    ["a target that the grant is not for", starts({ target: "units" }), { ...mismatch, mismatched: ["target"] }],
    ["an unknown target", starts({ target: "elsewhere" }), invalid("/target")],
    ["an unknown grant", starts({ auth_code: `${run.authCode}-x` }), { status: 404, code: "NOT_FOUND" }],
    [
      "a council member who enacts",
      () => service.call("POST", "/v1/lifecycle/enactments", { as: "council_1", body: { dry_run: true } }),
      { status: 403, code: "FORBIDDEN" },
    ],
    [
      "an executor who decides",
      () => service.call("POST", "/v1/review-decisions", { as: "c1-builder", body: {} }),
      { status: 403, code: "FORBIDDEN" },
    ],
  ]);
  t.match((await service.call("GET", `/v1/grants/${run.authCode}`, { as: "auditor" })).body, { status: "active" });
  await answers(t, place, [
    ...["creation", "emergency_revert", ""].map(
      (decision_kind): Case => [
        `a decision of the kind ${decision_kind}`,
        () => decides(place, { decision_kind }),
        invalid("/decision_kind"),
      ],
    ),
    ["a decision about nothing", () => decides(place, { subjects: [] }), invalid("/subjects")],
    ["a decision about all", () => decides(place, { subjects: ["*"] }), invalid("/subjects/0")],
    ["a decision without a reason", () => decides(place, { reason: "" }), invalid("/reason")],
    ["a decision that decides neither way", () => decides(place, { decision: "abstain" }), invalid("/decision")],
    ["a decision for an unknown database", () => decides(place, { database: "elsewhere" }), invalid("/database")],
  ]);
});

function decides({ service }: Place, changes: object) {
  const body = {
    decision_kind: "enactment",
    decision: "approve",
    subjects: ["ICX-CONST/*"],
    reason: "So.",
    ...changes,
  };
  return service.call("POST", "/v1/review-decisions", { as: "council_1", body });
}
