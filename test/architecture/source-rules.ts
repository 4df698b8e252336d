/** Rules on what a file of src/ may contain. Each takes a file and answers where it breaks the rule. */
import ts from "typescript";
import { at, type Finding, importedModule, type Source, walk } from "./sources.ts";

const domainFile = /^src\/(evidence|principals|idempotency|signatures|leases|approvals|grants|dispatch|doctor)\//;
const mayHoldSql = /^src\/(database\/|.*\/store\.ts$)/;

/** The beginning of a statement; prose that merely begins with such a word does not go on like this. */
const statement = new RegExp(
  [
    String.raw`select\s+(.*\sfrom\s|[\w.]+\(|\d)`,
    String.raw`insert\s+into\s`,
    String.raw`update\s+(only\s+)?[\w."]+(\s+(as\s+)?\w+)?\s+set\s`,
    String.raw`delete\s+from\s`,
    String.raw`with\s+(recursive\s+)?\w+\s*(\([^)]*\)\s*)?as\s+((not\s+)?materialized\s+)?\(`,
    String.raw`(create|alter|drop)\s+(table|index|role|database|schema|function|trigger|extension)\s`,
    String.raw`(truncate|lock)\s+table\s`,
    String.raw`set\s+(local|session|transaction|role)\s`,
    String.raw`(listen|notify|savepoint|release\s+savepoint)\s+\w+\s*$`,
  ]
    .map((form) => `^\\s*${form}`)
    .join("|"),
  "is",
);

function literalText(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map((span) => `x${span.literal.text}`).join("");
  }
  return undefined;
}

/** SQL lives in store.ts files and database/ alone: no statement is spelled, and none is sent, elsewhere. */
export function sqlOutsideStores(source: Source): Finding[] {
  const findings: Finding[] = [];
  if (mayHoldSql.test(source.path)) return findings;
  walk(source, (node) => {
    const text = literalText(node);
    if (text !== undefined && statement.test(text))
      findings.push(at(source, node, "SQL outside store.ts and database/"));
    if (
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      node.expression.name.text === "query"
    ) {
      findings.push(at(source, node, "query() outside store.ts and database/"));
    }
  });
  return findings;
}

/** Only config.ts reads the environment. */
export function environmentReads(source: Source): Finding[] {
  const findings: Finding[] = [];
  if (source.path === "src/config.ts") return findings;
  const isProcess = (node: ts.Node | undefined): boolean => {
    if (node === undefined) return false;
    if (ts.isPropertyAccessExpression(node)) return node.name.text === "process";
    return ts.isIdentifier(node) && node.text === "process";
  };
  const isEnv = (node: ts.Node | undefined): boolean =>
    node !== undefined && (ts.isIdentifier(node) || ts.isStringLiteral(node)) && node.text === "env";
  walk(source, (node) => {
    const read =
      (ts.isPropertyAccessExpression(node) && isProcess(node.expression) && isEnv(node.name)) ||
      (ts.isElementAccessExpression(node) && isProcess(node.expression) && isEnv(node.argumentExpression)) ||
      (ts.isVariableDeclaration(node) &&
        isProcess(node.initializer) &&
        ts.isObjectBindingPattern(node.name) &&
        node.name.elements.some((element) => isEnv(element.propertyName ?? element.name))) ||
      (ts.isImportSpecifier(node) &&
        importedModule(node.parent.parent.parent) === "process" &&
        isEnv(node.propertyName ?? node.name));
    if (read) findings.push(at(source, node, "reads the environment; only src/config.ts may"));
  });
  return findings;
}

/** A domain's index.ts is a door, not a room: nothing but re-exports. */
export function logicInDoors(source: Source): Finding[] {
  const findings: Finding[] = [];
  if (!domainFile.test(source.path) || !source.path.endsWith("/index.ts")) return findings;
  walk(source, (node) => {
    if (!ts.isSourceFile(node)) return;
    const others = node.statements.filter((one) => !ts.isExportDeclaration(one) || one.moduleSpecifier === undefined);
    findings.push(...others.map((one) => at(source, one, "index.ts holds only re-exports")));
  });
  return findings;
}

/** In a domain, shapes are declared in schemas.ts and refusals in errors.ts. */
export function misplacedDeclarations(source: Source): Finding[] {
  const findings: Finding[] = [];
  if (!domainFile.test(source.path)) return findings;
  walk(source, (node) => {
    const module = importedModule(node);
    const typesOnly = ts.isImportDeclaration(node) && node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
    if (module === "typebox" && !typesOnly && !source.path.endsWith("/schemas.ts")) {
      findings.push(at(source, node, "typebox shapes belong in schemas.ts"));
    }
    if (
      ts.isCallExpression(node) &&
      ts.isIdentifier(node.expression) &&
      node.expression.text === "problemClass" &&
      !source.path.endsWith("/errors.ts")
    ) {
      findings.push(at(source, node, "refusals belong in errors.ts"));
    }
  });
  return findings;
}

/** A states.ts is pure: the transition table needs no database and no other part of its domain but types. */
export function impureStates(source: Source): Finding[] {
  const findings: Finding[] = [];
  if (!domainFile.test(source.path) || !source.path.endsWith("/states.ts")) return findings;
  walk(source, (node) => {
    if (!ts.isImportDeclaration(node)) return;
    const module = importedModule(node) ?? "";
    const typesOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
    if (!typesOnly && !module.startsWith("../kernel/") && !module.startsWith("../../kernel/")) {
      findings.push(at(source, node, "states.ts imports nothing but types and the kernel"));
    }
  });
  return findings;
}

const longest = 300;

/** A file that one reads in a sitting. */
export function tooLong(source: Source): Finding[] {
  const lines = source.text.split("\n").length - 1;
  return lines > longest ? [{ path: source.path, line: longest, what: `${lines} lines, at most ${longest}` }] : [];
}

const vague = new Set([
  "util",
  "utils",
  "utility",
  "utilities",
  "helper",
  "helpers",
  "common",
  "manager",
  "misc",
  "stuff",
]);

/** A name that says nothing of what is inside. */
export function vagueName(path: string): Finding[] {
  const words = path.replace(/\.[^/]*$/, "").split(/[/.\-_]/);
  return words.filter((word) => vague.has(word)).map((word) => ({ path, line: 1, what: `"${word}" says nothing` }));
}
