import type { TSchema } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import { escapeToken } from "../kernel/json-scan.ts";
import { CheckStep, Plan, RecordStep, SqlStep, Step } from "./schemas.ts";
import type { Finding } from "./yaml-source.ts";

/** What we read of a JSON Schema that TypeBox made. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
  readonly description?: string;
  readonly pattern?: string;
}

/** TypeBox's types tell of a keyword only where they know it to be there. */
function schemaOf(schema: TSchema): Schema {
  return schema;
}

const plan = schemaOf(Plan);
const anyStep = schemaOf(Step);
const steps: Readonly<Record<string, Schema>> = {
  sql: schemaOf(SqlStep),
  check: schemaOf(CheckStep),
  record: schemaOf(RecordStep),
};
const compiled = new WeakMap<Schema, Validator>();

/**
 * Holds a value against the schema of a plan and names every place that is wrong. Objects are gone through one by one,
 * so that a step is held against its own kind only and a fault in one place hides none in another.
 */
export function examineShape(value: unknown): Finding[] {
  const findings = [...faultsIn(plan, value, "")];
  if (findings.length === 0 && !validatorOf(plan).Check(value))
    return [{ pointer: "", detail: "This is not a plan as its schema has it." }];
  return findings;
}

/** Whether the value is a plan: what {@link examineShape} finds nothing in. */
export function isPlan(value: unknown): value is Plan {
  return validatorOf(plan).Check(value);
}

function* faultsIn(schema: Schema, value: unknown, pointer: string): Generator<Finding> {
  const chosen = schema.anyOf === undefined ? schema : branchOf(schema, value, pointer);
  if ("pointer" in chosen) yield chosen;
  else if (isRecord(value) && (chosen.properties ?? chosen.patternProperties) !== undefined)
    yield* faultsInMembers(chosen, value, pointer);
  else yield* faultsInLeaf(chosen, value, pointer);
}

function* faultsInMembers(schema: Schema, value: Readonly<Record<string, unknown>>, at: string): Generator<Finding> {
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) yield { pointer: `${at}/${escapeToken(name)}`, detail: "This field is required." };
  }
  for (const [name, member] of Object.entries(value)) {
    const pointer = `${at}/${escapeToken(name)}`;
    const known = memberSchema(schema, name);
    if (known !== undefined) yield* faultsIn(known, member, pointer);
    else if (schema.properties === undefined)
      yield { pointer, detail: "This key is not of the form that is wanted here.", atKey: true };
    else yield { pointer, detail: "This field is not known. Remove it.", atKey: true };
  }
}

function memberSchema({ properties, patternProperties }: Schema, name: string): Schema | undefined {
  if (properties !== undefined) return Object.hasOwn(properties, name) ? properties[name] : undefined;
  const found = Object.entries(patternProperties ?? {}).find(([pattern]) => new RegExp(pattern, "u").test(name));
  return found?.[1];
}

function* faultsInLeaf(schema: Schema, value: unknown, pointer: string): Generator<Finding> {
  const list = schema.items !== undefined && Array.isArray(value) ? value : undefined;
  const validator = validatorOf(schema);
  if (!validator.Check(value)) {
    for (const { instancePath, message, keyword } of validator.Errors(value)) {
      // Of a list's items each has its turn below.
      if (list === undefined || instancePath === "")
        yield { pointer: `${pointer}${instancePath}`, detail: detailOf(schema, keyword, message) };
    }
  }
  for (const [index, item] of (list ?? []).entries()) yield* faultsIn(schema.items ?? {}, item, `${pointer}/${index}`);
}

function detailOf(schema: Schema, keyword: string, message: string): string {
  const meant = schema.description === undefined ? "" : ` ${schema.description}`;
  if (keyword === "pattern" && schema.pattern === "\\S") return "It must not be blank.";
  return `It ${message}.${keyword === "pattern" ? meant : ""}`;
}

/** The one branch of a union that a value is meant for, or what is wrong if none can be told. */
function branchOf(schema: Schema, value: unknown, pointer: string): Schema | Finding {
  const branches = schema.anyOf ?? [];
  if (schema === anyStep && isRecord(value)) {
    const kind = value.kind;
    if (typeof kind === "string" && Object.hasOwn(steps, kind)) return steps[kind] ?? schema;
    return { pointer: `${pointer}/kind`, detail: `It must be one of ${oneOf(Object.keys(steps))}.` };
  }
  if (branches.every((branch) => branch.const !== undefined)) {
    const found = branches.find((branch) => branch.const === value);
    return found ?? { pointer, detail: `It must be one of ${oneOf(branches.map((branch) => branch.const))}.` };
  }
  const keys = branches.flatMap(({ required }) => required ?? []);
  const found =
    isRecord(value) && branches.find(({ required }) => required?.some((name) => Object.hasOwn(value, name)));
  if (found) return found;
  return keys.length === 0
    ? { pointer, detail: "It must be a step: an object." }
    : { pointer, detail: `It must have one of the fields ${oneOf(keys)}.` };
}

function oneOf(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(", ");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function validatorOf(schema: Schema): Validator {
  let validator = compiled.get(schema);
  if (validator === undefined) {
    validator = Compile(schema as TSchema);
    compiled.set(schema, validator);
  }
  return validator;
}
