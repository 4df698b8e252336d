import { type Database, openDatabase } from "../../src/database/index.ts";
import { readStage } from "../../src/lifecycle/verification/reference.ts";
import { verifyLifecycle } from "../../src/lifecycle/verification/report.ts";
import type { VerificationReport } from "../../src/lifecycle/verification/schemas.ts";
import { parsePlan } from "../../src/plan-file/index.ts";
import { planFile } from "../support/plans.ts";
import { ask, type Target } from "../support/runs.ts";
import type { Owner } from "../support/service.ts";

/** The target as the service has it open. */
export function openTarget(t: Owner, target: Pick<Target, "url">): Database {
  const database = openDatabase({ url: target.url, poolSize: 2 });
  t.teardown(() => database.close());
  return database;
}

/** Every row of the report that is not well, by its name; a cell of the matrix as `object role privilege`. */
export function failures(report: VerificationReport): string[] {
  const { existence, behaviour, roles, fingerprints, backlog, consistency } = report;
  const rows = [
    ...existence.probes,
    ...behaviour.probes,
    ...roles.posture,
    ...fingerprints.schema,
    ...fingerprints.data,
    ...(backlog.installed ? backlog.probes : []),
  ];
  return [
    ...rows.filter(({ passed }) => !passed).map(({ id }) => id),
    ...roles.cells
      .filter(({ passed }) => !passed)
      .map(({ object, role, privilege }) => `${object} ${role} ${privilege}`),
    ...(consistency.passed ? [] : ["consistency"]),
  ].toSorted();
}

/** What a report says, without when it was taken. */
export function findings(report: VerificationReport): object {
  return { ...report, taken_at: "" };
}

/** The functions of the base, each with the name of the row that is about its body. */
export const baseBodies: Readonly<Record<string, string>> = {
  "public.fn_iu_gateway_write_guard": "gateway_function_body_md5",
  "public.fn_iu_create": "fn_iu_create_body_md5",
  "public.fn_iu_verify_invariants": "fn_iu_verify_invariants_body_md5",
  "public.fn_iu_birth_l1": "body public.fn_iu_birth_l1",
  "public.fn_iu_birth_l2": "body public.fn_iu_birth_l2",
  "public.fn_iu_birth_auto": "body public.fn_iu_birth_auto",
  "public.fn_iu_updated_at": "body public.fn_iu_updated_at",
  "public.fn_uv_notif_version": "body public.fn_uv_notif_version",
  "cutter_governance.fn_record_review_decision": "body cutter_governance.fn_record_review_decision",
};

/** Gives functions another body that does the same; all of the base where no names are given. */
export async function rewrite(
  target: Pick<Target, "query">,
  note: string,
  names: readonly string[] = Object.keys(baseBodies),
): Promise<void> {
  for (const name of names) {
    const [row] = await target.query<{ source: string }>(`SELECT pg_get_functiondef('${name}'::regproc) AS source`);
    await target.query((row?.source ?? "").replace("$function$", () => `$function$\n-- ${note}`));
  }
}

/** Runs the SQL of a plan's steps from one to another, both included, as the target's login. */
export async function installSteps(
  target: Pick<Target, "url">,
  file: string,
  from: number,
  through: number = Number.POSITIVE_INFINITY,
): Promise<void> {
  const { plan } = await parsePlan(await planFile(file));
  for (const step of plan.steps) {
    if (step.kind === "sql" && step.step >= from && step.step <= through)
      await ask(target.url, `BEGIN; ${step.sql};\nCOMMIT`);
  }
}

export { readStage, verifyLifecycle };
