import { randomUUID } from "node:crypto";
import pg from "pg";
import type { Test } from "tap";
import { changeSet, creationDecision, installPlan, roleUrl, useUnits } from "../../support/lifecycle.ts";
import { ask, type Target } from "../../support/runs.ts";
import type { Owner } from "../../support/service.ts";

/** What a canonical function answers. */
export interface Answer {
  readonly status: string;
  readonly canonical_address: string | null;
  readonly iu_id: string | null;
  readonly uv_id: string | null;
  readonly uv_content_digest: string | null;
  readonly new_uv_id?: string | null;
  readonly enact_log_id?: number | null;
  readonly log_id: number | null;
  readonly from_status: string | null;
  readonly to_status: string | null;
  readonly would_write_rows?: Readonly<Record<string, number>>;
  readonly wrote_rows?: Readonly<Record<string, number>>;
  readonly detail: string | null;
}

export type Values = readonly unknown[];

/** The units with the roll-out and the backlog in, and one connection as the role that enacts. */
export interface Scene {
  readonly target: Target;
  /** A login that is a member of cutter_exec. */
  readonly execUrl: string;
  /** Calls a function of schema public, which answers one JSON. */
  readonly call: (name: string, values: Values) => Promise<Answer>;
  /** The same in a transaction that may only read. */
  readonly callReadOnly: (name: string, values: Values) => Promise<Answer>;
  /** Puts a decision on record, as the service does. @returns its id */
  readonly decide: (kind: string, subjects: readonly string[], decision?: "approve" | "reject") => Promise<string>;
  /** One text that changes with any row of any table that is governed. */
  readonly digest: () => Promise<string>;
}

export async function setScene(t: Owner): Promise<Scene> {
  const target = await useUnits(t);
  await installPlan(target, "lifecycle-enactment.yaml");
  await installPlan(target, "lifecycle-backlog.yaml");
  const execUrl = await roleUrl(t, target, "cutter_exec");
  const client = new pg.Client({ connectionString: execUrl });
  client.on("error", () => undefined);
  await client.connect();
  t.teardown(() => client.end());
  const call = async (name: string, values: Values): Promise<Answer> => {
    const places = values.map((_, at) => `$${at + 1}`).join(", ");
    const { rows } = await client.query<{ answer: Answer }>(`SELECT public.${name}(${places}) AS answer`, [...values]);
    if (rows[0] === undefined) throw new Error(`${name} answered nothing.`);
    return rows[0].answer;
  };
  return {
    target,
    execUrl,
    call,
    callReadOnly: async (name, values) => {
      await client.query("BEGIN READ ONLY");
      try {
        return await call(name, values);
      } finally {
        await client.query("ROLLBACK");
      }
    },
    decide: async (kind, subjects, decision = "approve") => {
      const id = randomUUID();
      const text =
        "SELECT cutter_governance.fn_record_review_decision($1, $2, $3, $4, 'A test.', NULL, 'council', now())";
      // By the login of the service: nobody else records.
      await ask(target.url, text, [id, kind, decision, subjects]);
      return id;
    },
    digest: () => governedDigest(target.superUrl),
  };
}

const governed = [
  "public.information_unit",
  "public.unit_version",
  "public.iu_lifecycle_vocab",
  "public.iu_lifecycle_log",
  "public.dot_config",
  "public.birth_registry",
  "cutter_governance.review_decision",
  "cutter_governance.cut_change_set",
];

/** Row counts and digests of every governed table, in one text. */
export async function governedDigest(superUrl: string): Promise<string> {
  const parts = governed.map(
    (table) =>
      `SELECT '${table}' AS name, count(*) AS n, md5(string_agg(r::text, E'\\n' ORDER BY r::text)) AS digest FROM ${table} AS r`,
  );
  const rows = await ask(superUrl, `SELECT * FROM (${parts.join(" UNION ALL ")}) AS all_tables ORDER BY name`);
  return JSON.stringify(rows);
}

export interface Unit {
  readonly id: string;
  readonly lifecycle_status: string;
  readonly title: string | null;
  readonly version_anchor_ref: string | null;
  readonly identity_profile: Readonly<Record<string, unknown>>;
  readonly updated_at: Date;
}

export async function unitOf({ target }: Scene, address: string): Promise<Unit> {
  const [unit] = await target.query<Unit>("SELECT * FROM public.information_unit WHERE canonical_address = $1", [
    address,
  ]);
  if (unit === undefined) throw new Error(`There is no unit ${address}.`);
  return unit;
}

/** What a call has wrong, the status that it is refused with, and its arguments but for the last, which asks for a dry run. */
export type Case = readonly [what: string, status: string, values: Values];

export const nobody = "00000000-0000-0000-0000-000000000000";
export const blanks: Values = ["", "   ", "\t\n", null];

/** The arguments of fn_iu_enact but for the last. */
export function enacting(
  address: string | null,
  decision: string | null,
  more: { actor?: unknown; target?: unknown; set?: unknown } = {},
): unknown[] {
  const { actor = "a tester", target = "enacted", set = changeSet } = more;
  return [address, actor, decision, target, set, "For a test.", "run-1"];
}

/** Every case is refused in a dry run that may only read, and in earnest, and no row of any governed table is another one. */
export async function refuses(t: Test, scene: Scene, name: string, cases: readonly Case[]): Promise<void> {
  const before = await scene.digest();
  for (const [what, status, values] of cases) {
    for (const dry of [true, null, false]) {
      const answer = await (dry === false ? scene.call : scene.callReadOnly)(name, [...values, dry]);
      t.equal(answer.status, status, `${what}, dry run: ${dry}`);
      t.equal(answer.canonical_address, values[0] ?? null);
      t.notOk(answer.would_write_rows ?? answer.wrote_rows, "nothing is written, or would be");
      t.ok(answer.detail, "and it says why");
    }
  }
  t.equal(await scene.digest(), before, "row counts and digests are unchanged");
}

/** What may be wrong with a decision, whichever the transition. @param values the arguments with a decision */
export async function badDecisions(
  { decide }: Scene,
  kind: string,
  address: string,
  values: (decision: string | null) => Values,
): Promise<Case[]> {
  const other = await decide(kind === "retirement" ? "enactment" : "retirement", [address]);
  return [
    ["a decision that nobody knows", "review_decision_not_found", values(nobody)],
    ["no decision", "review_decision_not_found", values(null)],
    ["the decision that approved the creation", "review_decision_wrong_kind", values(creationDecision)],
    ["a decision of another kind", "review_decision_wrong_kind", values(other)],
    ["a decision that rejects", "review_decision_rejected", values(await decide(kind, [address], "reject"))],
    [
      "a decision about others",
      "review_decision_other_subject",
      values(await decide(kind, [`${address}0`, "OTHER/*"])),
    ],
    ["a decision about what is below", "review_decision_other_subject", values(await decide(kind, [`${address}/*`]))],
  ];
}

/** Enacts a unit under a decision of its own. */
export async function enact(scene: Scene, address: string): Promise<Answer & { uv_id: string }> {
  const decision = await scene.decide("enactment", [address]);
  const { uv_id, ...answer } = await scene.call("fn_iu_enact", [...enacting(address, decision), false]);
  if (answer.status !== "enacted" || uv_id === null) throw new Error(JSON.stringify(answer));
  return { ...answer, uv_id };
}

/** A draft beside what is enacted, as the patched fn_iu_apply_edit_draft makes it. @returns its id */
export async function drafted({ call }: Scene, address: string, body: string): Promise<string> {
  const answer = await call("fn_iu_apply_edit_draft", [address, `Title of ${body}`, body, "an editor"]);
  if (answer.status !== "draft_added" || answer.uv_id === null) throw new Error(JSON.stringify(answer));
  return answer.uv_id;
}

export interface Logged {
  readonly log_id: string;
  readonly uv_id: string;
  readonly transition_type: string;
  readonly reason: string | null;
}

export function logOf({ target }: Scene, address: string): Promise<Logged[]> {
  return target.query<Logged>("SELECT * FROM public.iu_lifecycle_log WHERE canonical_address = $1 ORDER BY log_id", [
    address,
  ]);
}
