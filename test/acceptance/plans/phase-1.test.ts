import { readFile } from "node:fs/promises";
import path from "node:path";
import { createHash } from "node:crypto";
import t, { type Test } from "tap";
import {
  act,
  approve,
  type Done,
  type PlanPlace,
  planFile,
  readPlan,
  recordCouncil,
  register,
  type Registered,
  rehearse,
  setPlace,
  stepUrl,
  wholeAct,
} from "../../support/plans.ts";

t.setTimeout(280_000);

type Rows = Readonly<Record<string, { insert: number; update: number; delete: number }>>;
const inserted = (insert: number) => ({ insert, update: 0, delete: 0 });

/** What the PLAN document says each step changes of rows; tables that are not named change in nothing. */
const rowsOf: Readonly<Record<number, Rows>> = {
  1: { "public.governance_ruleset": inserted(1), "public.evolution_snapshots": inserted(1) },
  3: {},
  4: { "public.event_type_registry": inserted(5) },
  5: { "public.governance_responsibility_scope": inserted(6) },
  6: { "public.apr_action_types": inserted(4), "public.birth_registry": inserted(4) },
};

/** The tables, views and triggers that each step makes, as the document says. */
const made: Readonly<Record<number, readonly string[]>> = {
  1: ["added table public.governance_ruleset"],
  2: ["added table public.gov_worker_cursor"],
  3: ["added table public.candidate_scan_run", "added table public.governance_candidate_state"],
  4: [],
  5: [
    "added table public.governance_object_ownership",
    "added table public.governance_responsibility_scope",
    "added view public.v_object_effective_owner",
    "added view public.v_object_owner_gap",
  ],
  6: ["changed trigger trg_birth_apr_action_types on public.apr_action_types"],
};

interface Delta {
  readonly objects: readonly { readonly object: string; readonly change: string }[];
  readonly rows: Rows;
}

function deltaOf({ run }: Done): Delta {
  const detail = run.states.find(({ state }) => state === "S3")?.detail as unknown as { delta: Delta };
  return detail.delta;
}

/** What of these a step has touched, and how. */
const madeBy = ({ objects }: Delta): string[] =>
  objects
    .filter(({ object }) => /^(?:table public|view|trigger) ?/.test(object))
    .map(({ object, change }) => `${change} ${object}`);

async function refused(t: Test, { service }: PlanPlace, plan: Registered, step: number): Promise<void> {
  const body = { idempotency_root: `unauthorized-${step}` };
  const answer = await service.call("POST", stepUrl(plan, step, "commit"), { as: "c1-builder", body });
  t.match(answer, { status: 409, body: { code: "STEP_NEEDS_RECORD" } }, `step ${step} is refused without its record`);
}

/** Every backup of the ledger is there, and is what its digest says. */
async function checkBackups(t: Test, { service, backups }: PlanPlace, plan: Registered): Promise<void> {
  const { ledger } = await readPlan(service, plan);
  const files = ledger.flatMap(
    (line) => (line["backups"] as { tables?: { file: string; digest: string }[] } | null)?.tables ?? [],
  );
  for (const { file, digest } of files) {
    const content = await readFile(path.join(backups, file));
    t.equal(`sha256:${createHash("sha256").update(content).digest("hex")}`, digest, file);
  }
  t.ok(files.length >= 9, "the preflight alone copies nine tables");
}

t.test(
  "PLAN-8 phase 1 runs from preflight to HOLD: rehearsed, refused, committed, rolled back, committed again",
  async (t) => {
    const place = await setPlace(t, { fixture: await planFile("fixtures/phase-1.sql") });
    const { service, target } = place;
    const plan = await register(service, await planFile("phase-1.yaml"));
    t.match((await act(service, plan, 0, "commit")).run, { status: "succeeded", mode: "commit" });
    for (const step of [1, 2, 3, 4, 5, 6]) {
      await refused(t, place, plan, step);
      const rehearsed = await rehearse(service, plan, step);
      t.match(rehearsed.run, { status: "succeeded", rehearsal: { passed: true } }, `step ${step} is rehearsed`);
      if (step === 5) await recordCouncil(service, plan, step, "C-1");
      if (step === 6) await recordCouncil(service, plan, step, "C-2");
      const code = await approve(service, plan, step, rehearsed.run.rehearsal?.rehearsal_ref);
      const done = await act(service, plan, step, "commit", code);
      t.match(done.run, { status: "succeeded", mode: "commit" }, `step ${step} is committed`);
      t.same(deltaOf(done), deltaOf(rehearsed), `step ${step} has changed what its rehearsal has shown`);
      if (rowsOf[step] !== undefined)
        t.same(deltaOf(done).rows, rowsOf[step], `step ${step}: rows as the document says`);
      if (made[step] !== undefined)
        t.same(madeBy(deltaOf(done)), made[step], `step ${step}: objects as the document says`);
      if (step === 6) break;
      t.match(
        (await wholeAct(service, plan, step, "rollback")).run,
        { status: "succeeded" },
        `step ${step} is rolled back`,
      );
      t.match((await wholeAct(service, plan, step)).run, { status: "succeeded" }, `step ${step} is committed again`);
    }
    t.match((await act(service, plan, 7, "commit")).run, { status: "succeeded" }, "HOLD: all is quiet");

    const fixed = await target.query(
      "SELECT pg_get_triggerdef(oid) AS def FROM pg_trigger WHERE tgname = 'trg_birth_apr_action_types'",
    );
    t.match(fixed, [{ def: /fn_birth_registry_auto\('action_code'\)/ }]);
    t.match((await wholeAct(service, plan, 6, "rollback")).run, { status: "succeeded" }, "step 6 is retired");
    const kinds = await target.query("SELECT status, count(*)::int AS n FROM apr_action_types GROUP BY 1 ORDER BY 1");
    t.same(kinds, [
      { status: "active", n: 6 },
      { status: "retired", n: 4 },
    ]);
    const again = await service.call("POST", stepUrl(plan, 6, "rehearse"), {
      as: "c1-builder",
      body: { idempotency_root: "again" },
    });
    t.match(again, { status: 409, body: { code: "STEP_RETIRED" } }, "a retired step is not committed a second time");
    const { steps, ledger } = await readPlan(service, plan);
    t.same(
      steps.map(({ status }) => status),
      ["committed", "committed", "committed", "committed", "committed", "committed", "retired", "committed"],
    );
    t.same(
      ledger.map(({ seq }) => seq),
      ledger.map((_, position) => position + 1),
      "the ledger has no gap",
    );
    await checkBackups(t, place, plan);
  },
);
