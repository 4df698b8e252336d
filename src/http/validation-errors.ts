import { escapeToken } from "../kernel/json-scan.ts";
import type { InputError } from "../kernel/problem.ts";
import { ServiceProblem } from "../kernel/problems.ts";

/** What we read of an ajv error. */
export interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath?: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

/** More than this help nobody. */
const maxErrors = 20;

/**
 * Turns schema errors into one problem that says, for each place, what was wrong and what to do. A body's place is an
 * RFC 6901 pointer into the body, a query parameter's `?name`, a header's `header name`, a path parameter's `{name}`.
 *
 * @param part which part of the request was checked: `body`, `querystring`, `params` or `headers`
 */
export function invalidRequest(schemaErrors: readonly SchemaError[], part: string): ServiceProblem {
  const seen = new Map<string, InputError>();
  for (const error of withoutBranches(chosenForms(schemaErrors))) {
    const pointer = pointerFor(part, error);
    const detail = detailFor(part, error, schemaErrors);
    seen.set(`${pointer} ${detail}`, { pointer, detail });
    if (seen.size === maxErrors) break;
  }
  const errors = [...seen.values()];
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  const place = first === undefined || first.pointer === "" ? "The body" : `\`${first.pointer}\``;
  return new ServiceProblem("INVALID_REQUEST", `${place} is not valid: ${first?.detail ?? ""}${more}`, { errors });
}

/**
 * A union of objects is a choice of forms. What its errors are about is the form that the members which are there belong to:
 * where that is one of them, its errors stand for those of the union.
 */
function chosenForms(errors: readonly SchemaError[]): readonly SchemaError[] {
  let left = errors;
  for (const union of errors.filter(({ keyword }) => keyword === "anyOf")) {
    const meant = formMeant(union, left);
    if (meant === undefined) continue;
    left = left.filter((error) => error !== union && (!isWithin(error, union) || isWithin(error, union, meant)));
  }
  return left;
}

const isWithin = ({ schemaPath }: SchemaError, union: SchemaError, form?: string): boolean =>
  schemaPath?.startsWith(`${union.schemaPath}/${form === undefined ? "" : `${form}/`}`) === true;

/** The one form of a union that knows more of the members than any other; undefined where there is none such. */
function formMeant(union: SchemaError, errors: readonly SchemaError[]): string | undefined {
  const own = errors.filter((error) => isWithin(error, union));
  const here = own.filter(({ instancePath }) => instancePath === union.instancePath);
  if (here.some(({ keyword }) => keyword !== "required" && keyword !== "additionalProperties")) return undefined;
  const strangers = new Map<string, number>();
  for (const error of own) {
    const form = error.schemaPath?.slice(`${union.schemaPath}/`.length).split("/", 1)[0] ?? "";
    const isStranger = error.keyword === "additionalProperties" && error.instancePath === union.instancePath;
    strangers.set(form, (strangers.get(form) ?? 0) + (isStranger ? 1 : 0));
  }
  const fewest = Math.min(...strangers.values());
  const forms = [...strangers].filter(([, count]) => count === fewest);
  return forms.length === 1 ? forms[0]?.[0] : undefined;
}

/** A union reports each of its branches as well; only the union itself says something to the reader. */
function withoutBranches(errors: readonly SchemaError[]): SchemaError[] {
  const unions = errors.filter(({ keyword }) => keyword === "anyOf" || keyword === "oneOf");
  return errors.filter(
    (error) => !unions.some((union) => error !== union && error.schemaPath?.startsWith(`${union.schemaPath}/`)),
  );
}

function pointerFor(part: string, error: SchemaError): string {
  const member = error.params.missingProperty ?? error.params.additionalProperty;
  const path = typeof member === "string" ? `${error.instancePath}/${escapeToken(member)}` : error.instancePath;
  if (part === "body") return path;
  const name = path.slice(1).replaceAll("~1", "/").replaceAll("~0", "~");
  if (part === "querystring") return `?${name}`;
  return part === "params" ? `{${name}}` : `header ${name}`;
}

function detailFor(part: string, error: SchemaError, all: readonly SchemaError[]): string {
  const thing = part === "querystring" ? "query parameter" : part === "body" ? "field" : "value";
  switch (error.keyword) {
    case "required":
      return `This ${thing} is required.`;
    case "additionalProperties":
      return `This ${thing} is not known. Remove it.`;
    case "const":
      return `It must be ${JSON.stringify(error.params.allowedValue)}.`;
    case "enum":
      return oneOf(error.params.allowedValues as unknown[]);
    case "anyOf":
    case "oneOf": {
      const branches = all.filter(({ schemaPath }) => schemaPath?.startsWith(`${error.schemaPath}/`));
      const forms = formsOf(error, branches);
      if (forms !== undefined) return forms;
      const constants = branches.filter(({ keyword }) => keyword === "const");
      if (constants.length > 0) return oneOf(constants.map(({ params }) => params.allowedValue));
      return `It ${[...new Set(branches.map(({ message }) => message))].slice(0, 4).join(", or ")}.`;
    }
    default:
      return `It ${error.message ?? "is not valid"}.`;
  }
}

/** What each form of a union of objects lacks, or that there are members of more than one. */
function formsOf(union: SchemaError, branches: readonly SchemaError[]): string | undefined {
  const here = branches.filter(({ instancePath }) => instancePath === union.instancePath);
  if (here.length < 2 || here.some(({ keyword }) => keyword !== "required" && keyword !== "additionalProperties")) {
    return undefined;
  }
  const lacking = new Map<string, string[]>();
  for (const { schemaPath = "", params } of here.filter(({ keyword }) => keyword === "required")) {
    const names = lacking.get(schemaPath) ?? [];
    lacking.set(schemaPath, [...names, `\`${String(params.missingProperty)}\``]);
  }
  const inAll = [...lacking.values()];
  if (inAll.length > 1) return `It must have ${inAll.map((names) => names.join(" and ")).join(", or ")}.`;
  const strangers = new Set(
    here.map(({ params }) => params.additionalProperty).filter((name) => typeof name === "string"),
  );
  return `It has members of more than one form: ${[...strangers].map((name) => `\`${name}\``).join(", ")}. Keep those of one.`;
}

function oneOf(values: readonly unknown[]): string {
  return `It must be one of ${values.map((value) => JSON.stringify(value)).join(", ")}.`;
}
