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
