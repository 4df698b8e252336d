import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { parsePlan } from "../../src/plan-file/index.ts";
import { planFile } from "./plans.ts";
import { ask, type Target, useTarget } from "./runs.ts";
import type { Owner } from "./service.ts";

/** The roles of the LIFECYCLE document; `public` is a login that has none of them. */
export type LifecycleRole =
  | "directus"
  | "cutter_exec"
  | "cutter_verify"
  | "workflow_admin"
  | "context_pack_readonly"
  | "public";

/** The decision of the fixture that approved the creation of ICX-CONST; it is not one of enactment. */
export const creationDecision = "29c88a7b-0000-4000-8000-000000000001";
/** The decision that approves the enactment of ICX-CONST, once `recordEnactment` has put it there. */
export const enactmentDecision = "29c88a7b-0000-4000-8000-000000000002";
/** The change set of the fixture. */
export const changeSet = "5c000000-0000-4000-8000-000000000001";

/**
 * A target with the tables of plans/fixtures/lifecycle.sql; its login is a member of directus.
 * @param options.copied false: made anew, with oids of its own, and not a copy of one that was made before
 */
export async function useUnits(t: Owner, { copied = true }: { readonly copied?: boolean } = {}): Promise<Target> {
  const sql = await planFile("fixtures/lifecycle.sql");
  const target = await useTarget(t, copied ? { kind: "units", sql } : undefined);
  if (!copied) await ask(target.superUrl, sql);
  await inTurn(target.superUrl, "GRANT directus TO countersign_owner");
  return target;
}

/**
 * Has a plan's SQL run without the plan engine: each sql step in a transaction of its own, as the target's login.
 * @param file its name under plans/
 * @param options.through the last step to run; all of them where it is absent
 */
export async function installPlan(
  target: Pick<Target, "url">,
  file: string,
  options: { readonly through?: number } = {},
): Promise<void> {
  const { plan } = await parsed(file);
  for (const step of plan.steps) {
    if (step.kind === "sql" && step.step <= (options.through ?? Number.POSITIVE_INFINITY))
      await ask(target.url, `BEGIN; ${step.sql};\nCOMMIT`);
  }
}

const plans = new Map<string, ReturnType<typeof parsePlan>>();

/** Parsed once in a process: it takes longer than the plan. */
function parsed(file: string): ReturnType<typeof parsePlan> {
  const known = plans.get(file) ?? planFile(file).then(parsePlan);
  plans.set(file, known);
  return known;
}

/** Records in the target that ICX-CONST may be enacted: without it, phase 0 of the roll-out stops. */
export async function recordEnactment(target: Pick<Target, "query">): Promise<string> {
  const values = [enactmentDecision, "enactment", "approve", ["ICX-CONST/*"], "council", "2026-05-21T00:00:00Z"];
  await target.query(
    "SELECT cutter_governance.fn_record_review_decision($1, $2, $3, $4, 'To be enacted.', NULL, $5, $6)",
    values,
  );
  return enactmentDecision;
}

/** A connection URL of a login of its own that has just this role; the login is gone at the teardown. */
export async function roleUrl(t: Owner, target: Pick<Target, "superUrl">, role: LifecycleRole): Promise<string> {
  const login = `lifecycle_${randomBytes(6).toString("hex")}`;
  const password = randomBytes(12).toString("hex");
  const member = role === "public" ? "" : ` IN ROLE ${role}`;
  const database = pg.escapeIdentifier(decodeURIComponent(new URL(target.superUrl).pathname.slice(1)));
  // To this database and no other: who may connect elsewhere would be found among the owner's members there.
  const made = `CREATE ROLE ${login} LOGIN PASSWORD '${password}'${member}; GRANT CONNECT ON DATABASE ${database} TO ${login}`;
  await inTurn(target.superUrl, made);
  // From another database than the test's, which may be gone by then.
  const elsewhere = new URL(target.superUrl);
  elsewhere.pathname = "/postgres";
  t.teardown(() => inTurn(elsewhere.href, `DROP OWNED BY ${login}; DROP ROLE ${login}`));
  const url = new URL(target.superUrl);
  url.username = login;
  url.password = password;
  return url.href;
}

/** Roles belong to the cluster: who changes one at the same time as another test is asked to try again. */
async function inTurn(url: string, sql: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ask(url, sql);
      return;
    } catch (error) {
      const again = error instanceof pg.DatabaseError && ["XX000", "23505", "40001"].includes(error.code ?? "");
      if (!again || attempt === 20) throw error;
      await pause(10); // not a sleep: between two attempts, as in a race there is nothing to wait for
    }
  }
}
