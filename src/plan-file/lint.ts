import { type GuardFault, guardSql, type SqlKind, splitStatements } from "./guard.ts";
import type { Allowed, Plan, Step } from "./schemas.ts";
import { UnreadableSql } from "./statements.ts";
import type { Finding } from "./yaml-source.ts";

/**
 * What the schema of a plan cannot say (PLAN-1, PLAN-2, PLAN-10): order, circles, records, objects, and the SQL itself.
 * @param plan a plan that its schema takes
 */
export async function examineRules(plan: Plan): Promise<Finding[]> {
  const findings = [...order(plan), ...circles(plan)];
  for (const [index, step] of plan.steps.entries()) {
    const pointer = `/steps/${index}`;
    findings.push(...records(step, pointer), ...objects(step, pointer), ...tables(plan, step, pointer));
    for (const piece of sqlOf(step, pointer)) findings.push(...(await examinePiece(piece)));
  }
  return findings;
}

function* order({ steps }: Plan): Generator<Finding> {
  let previous = -1;
  for (const [index, { step }] of steps.entries()) {
    const pointer = `/steps/${index}/step`;
    if (steps.findIndex((other) => other.step === step) < index)
      yield { pointer, detail: `There is a step ${step} already.` };
    else if (step < previous) yield { pointer, detail: `Steps ascend: ${step} stands behind ${previous}.` };
    previous = Math.max(previous, step);
  }
  const numbers = new Set(steps.map(({ step }) => step));
  for (const [index, { step, after = [] }] of steps.entries()) {
    for (const [at, wanted] of after.entries()) {
      const pointer = `/steps/${index}/after/${at}`;
      if (!numbers.has(wanted)) yield { pointer, detail: `There is no step ${wanted}.` };
      else if (wanted === step) yield { pointer, detail: "A step cannot come after itself." };
      else if (wanted > step)
        yield { pointer, detail: `Step ${wanted} is a later step: ${step} cannot come after it.` };
    }
  }
}

/** Each circle once, named from its lowest step. */
function* circles({ steps }: Plan): Generator<Finding> {
  const after = new Map(steps.map((step) => [step.step, step.after ?? []]));
  const done = new Set<number>();
  for (const [index, { step }] of steps.entries()) {
    const circle = circleFrom(step, after, done);
    if (circle !== undefined) {
      const detail = `The steps ${circle.join(" → ")} wait for each other in a circle.`;
      yield { pointer: `/steps/${index}/after`, detail };
    }
  }
}

/** The first way from a step back to a step of that way; what was gone through before is not gone through again. */
function circleFrom(
  start: number,
  after: ReadonlyMap<number, readonly number[]>,
  done: Set<number>,
): number[] | undefined {
  const way: number[] = [];
  const walk = (step: number): number[] | undefined => {
    const seen = way.indexOf(step);
    if (seen >= 0) return way.length - seen > 1 ? [...way.slice(seen), step] : undefined;
    if (done.has(step)) return undefined;
    way.push(step);
    for (const next of after.get(step) ?? []) {
      const circle = walk(next);
      if (circle !== undefined) return circle;
    }
    way.pop();
    done.add(step);
    return undefined;
  };
  const circle = walk(start);
  for (const step of circle ?? []) done.add(step);
  return circle;
}

function* records(step: Step, pointer: string): Generator<Finding> {
  const needed = step.records ?? [];
  if (step.kind === "sql" && !needed.includes("M-1")) {
    const detail = "A step of kind sql needs its M-1 record: name it in `records`.";
    yield { pointer: `${pointer}/records`, detail };
  } else if (needed.length > 0 && !needed.includes("M-1")) {
    const detail = `${needed.join(" and ")} stand beside an M-1 record, never alone.`;
    yield { pointer: `${pointer}/records`, detail };
  }
  if (step.signed === true && !needed.includes("M-1"))
    yield { pointer: `${pointer}/signed`, detail: "There is no M-1 record that could be signed." };
}

function* objects(step: Step, pointer: string): Generator<Finding> {
  const allowed = step.kind === "sql" ? (step.allowed.objects ?? []) : [];
  for (const [index, pattern] of allowed.entries()) {
    if (/^table .*\*/.test(pattern)) {
      const detail = "Name each table that may change: it is locked and backed up first.";
      yield { pointer: `${pointer}/allowed/objects/${index}`, detail };
    }
  }
  for (const [index, pattern] of (step.forbidden ?? []).entries()) {
    if (allowed.includes(pattern))
      yield { pointer: `${pointer}/forbidden/${index}`, detail: `${pattern} is allowed and forbidden at once.` };
  }
}

/** Tables whose rows change or are backed up are in a schema that the fingerprint covers. */
function* tables({ schemas }: Plan, step: Step, pointer: string): Generator<Finding> {
  if (step.kind === "record") return;
  const backup = (step.backup ?? []).map((table, index) => [table, `${pointer}/backup/${index}`] as const);
  const changed = step.kind === "sql" ? rowTables(step.allowed, step.rollback.rows, pointer) : [];
  for (const [table, place] of [...backup, ...changed]) {
    const schema = table.slice(0, table.indexOf("."));
    if (table.startsWith("public.countersign_")) {
      yield { pointer: place, detail: `${table} belongs to the gateway, and no step touches it.`, atKey: true };
    }
    if (!schemas.includes(schema))
      yield { pointer: place, detail: `The schema ${schema} is not in the plan's \`schemas\`.`, atKey: true };
  }
}

function rowTables(allowed: Allowed, undone: Allowed["rows"], pointer: string): (readonly [string, string])[] {
  const forward = Object.keys(allowed.rows ?? {}).map((table) => [table, `${pointer}/allowed/rows/${table}`] as const);
  const back = Object.keys(undone ?? {}).map((table) => [table, `${pointer}/rollback/rows/${table}`] as const);
  const moved = (allowed.sequences ?? []).map((name, at) => [name, `${pointer}/allowed/sequences/${at}`] as const);
  return [...forward, ...back, ...moved];
}

interface Piece {
  readonly pointer: string;
  readonly sql: string;
  readonly kind: SqlKind;
  /** A negative test: what is refused must be the one statement. */
  readonly single?: boolean;
}

/** Every piece of SQL in a step, with its place. */
function sqlOf(step: Step, pointer: string): Piece[] {
  if (step.kind === "record") return [];
  const questions = (list: readonly { sql: string }[] | undefined, at: string): Piece[] =>
    (list ?? []).map(({ sql }, index) => ({ pointer: `${pointer}/${at}/${index}/sql`, sql, kind: "question" }));
  const tests = (step.negative ?? []).map(({ sql }, index): Piece => {
    return { pointer: `${pointer}/negative/${index}/sql`, sql, kind: "change", single: true };
  });
  const checks = [...questions(step.stop, "stop"), ...questions(step.evidence, "evidence"), ...tests];
  if (step.kind === "check") return checks;
  return [
    { pointer: `${pointer}/sql`, sql: step.sql, kind: "change" },
    ...checks,
    { pointer: `${pointer}/rollback/sql`, sql: step.rollback.sql, kind: "change" },
    ...questions(step.rollback.evidence, "rollback/evidence"),
  ];
}

async function examinePiece({ pointer, sql, kind, single }: Piece): Promise<Finding[]> {
  const faults = await guardSql(sql, kind);
  if (single === true && faults.length === 0) faults.push(...(await second(sql)));
  return faults.map(({ offset, detail }) => ({ pointer, detail, offset }));
}

async function second(sql: string): Promise<GuardFault[]> {
  try {
    const statements = await splitStatements(sql);
    return statements.length === 1 ? [] : [{ offset: 0, detail: "A negative test is one statement." }];
  } catch (error) {
    if (error instanceof UnreadableSql) return [{ offset: error.offset, detail: error.message }];
    throw error;
  }
}
