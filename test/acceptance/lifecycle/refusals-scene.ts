import pg from "pg";
import type { Test } from "tap";
import { type TestKey, usableKey } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import { creationDecision, installPlan, useUnits } from "../../support/lifecycle.ts";
import { decide, type ManifestView, manifestOf } from "../../support/lifecycle-runs.ts";
import { ask, type RunView, startRun, type Target, untilRun, useTarget } from "../../support/runs.ts";
import { type Answer, type InProcess, type Stage, startService } from "../../support/service.ts";
import { governedState } from "./governed-state.ts";

/** A service with the lifecycle in its target, and with targets that have it in part, not at all, or that are down. */
export interface Place {
  readonly service: InProcess;
  readonly target: Target;
  readonly key: TestKey;
  /** Decisions of the council that the target has. */
  readonly enactment: string;
  readonly supersession: string;
  readonly retirement: string;
}

/** @param config of the service; it works on runs unless `runConcurrency` is 0 */
export async function setPlace(t: Test, config: object = {}): Promise<Place> {
  const target = await useUnits(t);
  for (const plan of ["lifecycle-enactment.yaml", "lifecycle-backlog.yaml"]) await installPlan(target, plan);
  const [units, bare] = [await useUnits(t), await useTarget(t)];
  const down = "postgres://nobody:nothing@127.0.0.1:9/nowhere";
  const service = await startService(t, {
    targets: { default: target.url, units: units.url, bare: bare.url, down },
    config: { runPollMs: 150, ...config },
  });
  return {
    service,
    target,
    key: await usableKey(service),
    enactment: await decide(service, "enactment", ["ICX-CONST/*"]),
    supersession: await decide(service, "supersession", ["ICX-CONST/*"]),
    retirement: await decide(service, "retirement", ["ICX-CONST/*"]),
  };
}

/** A digest of every row of every table, by name: what a refusal must leave as it is. */
async function controlState(stage: Stage): Promise<Record<string, string>> {
  const client = new pg.Client({ connectionString: stage.names.superUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ table: string; digest: string }>(
      `SELECT c.relname AS table, (xpath('/row/d/text()', query_to_xml(format(
                'SELECT count(*) || coalesce(md5(string_agg(r::text, '','' ORDER BY r::text)), '''') AS d FROM %I r', c.relname), false, true, '')))[1]::text AS digest
         FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1`,
    );
    return Object.fromEntries(rows.map(({ table, digest }) => [table, digest]));
  } finally {
    await client.end();
  }
}

/** All of both databases: every row, and in the target every definition. */
export async function stateOf({ service, target }: Place): Promise<{ control: object; target: object }> {
  return { control: await controlState(service.stage), target: await governedState(target) };
}

export type Case = readonly [what: string, send: () => Promise<Answer>, expected: object];

/** How many refusals are looked at together: both databases are read whole each time. */
const together = 6;

/** Sends each in turn, and looks that it is answered as it should be and that nothing at all has changed. */
export async function answers(t: Test, place: Place, cases: readonly Case[]): Promise<void> {
  const before = await stateOf(place);
  if (Object.keys(before.control).length < 30 || Object.keys(before.target).length < 30)
    throw new Error("not all tables are looked at");
  for (let at = 0; at < cases.length; at += together) {
    const several = cases.slice(at, at + together);
    for (const [what, send, expected] of several) {
      const answer = await send();
      const { status: word, ...body } = answer.body as Record<string, unknown>;
      t.match({ ...body, word, status: answer.status }, expected, what);
      if (answer.status >= 400) t.match(answer.headers.get("content-type"), /^application\/problem\+json/);
    }
    const names = several.map(([what]) => what).join("; ");
    t.strictSame(await stateOf(place), before, `nothing has changed after: ${names}`);
  }
}

export const post = ({ service }: Place, path: string, body: unknown, as: "c1-builder" | "requester" = "c1-builder") =>
  service.call("POST", `/v1/lifecycle/${path}`, { as, body });

/** The manifest of the transition of some units, by their number, under a decision. */
export function manifestFor(
  { service }: Place,
  transition: string,
  review_decision_id: string,
  numbers: readonly number[],
  more: object = {},
): Promise<ManifestView> {
  const units = numbers.map((number) => ({ canonical_address: `ICX-CONST/DIEU-${number}` }));
  return manifestOf(service, { transition, units, review_decision_id, ...more });
}

/** Has the gateway do it past the service, as the target's login may. */
export async function gateway({ target }: Place, call: string, values: readonly unknown[]): Promise<string> {
  const rows = await ask<{ status: string }>(target.url, `SELECT public.${call} ->> 'status' AS status`, values);
  return rows[0]?.status ?? "nothing";
}

/** Edits the text of a unit's draft. */
export async function edit({ target }: Place, number: number): Promise<void> {
  await ask(target.url, "SELECT public.fn_iu_apply_edit_draft($1, 'A title', 'Another text.', 'editor')", [
    `ICX-CONST/DIEU-${number}`,
  ]);
}

export interface Started {
  readonly root: string;
  readonly authCode: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Starts a run that is to stop before it burns anything, and looks that it does: no unit moves, no lease is taken, and the
 * grant is still active. It is revoked then, as there is one live grant for a target.
 * @param expected of the run; that its preflight has stopped it if nothing else is said
 */
export async function stops(t: Test, place: Place, what: string, run: Started, expected: object): Promise<void> {
  const { service, target } = place;
  const before = await governedState(target);
  await expectStatus(startRun(service, run), 202);
  const stopped: RunView = await untilRun(service, run.root);
  const preflight = { status: "stopped", stop_state: "ABORT", last_ok_state: null, lease: null };
  t.match(stopped, { ...preflight, ...expected }, what);
  t.strictSame(stopped.compensations, [], `${what}: there is nothing to undo`);
  const grant = await service.call("GET", `/v1/grants/${run.authCode}`, { as: "auditor" });
  t.match(grant.body, { status: "active", consumed_at: null }, `${what}: the grant is not burned`);
  t.strictSame(await leasesHeld(service.stage), 0, `${what}: no lease is held`);
  t.strictSame(await governedState(target), before, `${what}: nothing has changed in the target`);
  await revoke(place, run.authCode);
}

async function leasesHeld({ database }: Stage): Promise<number | undefined> {
  const { rows } = await database.transact(
    (tx) =>
      tx.query<{ held: number }>(
        "SELECT count(*)::integer AS held FROM dot_iu_runtime_lease WHERE released_at IS NULL",
      ),
    { readOnly: true },
  );
  return rows[0]?.held;
}

export async function revoke({ service }: Place, authCode: string): Promise<void> {
  const body = { reason: "The next one." };
  await expectStatus(service.call("POST", `/v1/grants/${authCode}/revoke`, { as: "operator", body }), 200);
}

/** An id that nothing has. */
export const nobody = "00000000-0000-4000-8000-000000000000";

export const unit = (number: number) => ({ canonical_address: `ICX-CONST/DIEU-${number}` });

/** What is wrong with a decision, in the document's words, whichever the transition. */
export async function badDecisions(
  { service }: Place,
  kind: string,
  other: string,
): Promise<[string, string, string][]> {
  return [
    ["a decision that nobody knows", nobody, "review_decision_not_found"],
    ["the decision that approved the creation", creationDecision, "review_decision_wrong_kind"],
    ["a decision of another kind", other, "review_decision_wrong_kind"],
    [
      "a decision that rejects",
      await decide(service, kind, ["ICX-CONST/*"], { decision: "reject" }),
      "review_decision_rejected",
    ],
    ["a decision about others", await decide(service, kind, ["ICX-CONST/DIEU-1/*"]), "review_decision_other_subject"],
  ];
}
