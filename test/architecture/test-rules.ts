/** Rules on the tests themselves. */
import ts from "typescript";
import { at, type Finding, importedModule, type Source, walk } from "./sources.ts";

/** The areas of the requirements, and the highest number in each. */
const requirements: Readonly<Record<string, number>> = {
  APR: 9,
  MINT: 7,
  GRANT: 9,
  ESIGN: 4,
  LEASE: 4,
  RUN: 7,
  PLAN: 10,
  LIFE: 7,
  AUDIT: 3,
  OPEN: 10,
};

/** Tests of what the service promises to those outside: each says which requirement it proves. */
const promises =
  /^test\/(evidence|idempotency|signatures|leases|approvals|grants|dispatch|doctor|http|acceptance|faults)\//;

/** Beside the requirements: how the service is started, configured and stopped. */
const allowedPrefixes = ["operations:"];

function namesRequirement(title: string): boolean {
  const [, area, number] = /^([A-Z]+)-(\d+)[ ,:]/.exec(title) ?? [];
  return area !== undefined && Number(number) >= 1 && Number(number) <= (requirements[area] ?? 0);
}

/** The title of a top-level `t.test(...)` or `test(...)`: its literal, or what stands before its first substitution. */
function topLevelTitle(node: ts.Node): ts.Node | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const { expression: callee } = node;
  const name = ts.isPropertyAccessExpression(callee) ? callee.name.text : ts.isIdentifier(callee) ? callee.text : "";
  if (name !== "test") return undefined;
  let owner: ts.Node = node.parent;
  while (!ts.isSourceFile(owner)) {
    if (ts.isFunctionLike(owner)) return undefined;
    owner = owner.parent;
  }
  return node.arguments[0];
}

/** Each top-level test of a promise begins with its requirement, or with an allowed prefix. */
export function untracedTests(source: Source): Finding[] {
  const findings: Finding[] = [];
  if (!promises.test(source.path) || !source.path.endsWith(".test.ts")) return findings;
  walk(source, (node) => {
    const title = topLevelTitle(node);
    if (title === undefined) return;
    const text = ts.isStringLiteralLike(title)
      ? title.text
      : ts.isTemplateExpression(title)
        ? title.head.text
        : undefined;
    if (text === undefined || namesRequirement(text) || allowedPrefixes.some((prefix) => text.startsWith(prefix)))
      return;
    findings.push(at(source, title, `"${text}" names no requirement`));
  });
  return findings;
}

const clockModules = new Set(["timers", "timers/promises"]);
const sleepers = new Set(["setTimeout", "setInterval", "scheduler"]);
const reason = /not a sleep: \S/;

/**
 * A test waits for a condition, not for a time: in a test file no timer is set, unless a comment on the same or the
 * line before says `not a sleep: <why>`. Polling pauses are in test/support/.
 */
export function sleepsInTests(source: Source): Finding[] {
  const findings: Finding[] = [];
  if (!source.path.endsWith(".test.ts")) return findings;
  const lines = source.text.split("\n");
  const timers = new Set(["setTimeout", "setInterval"]);
  walk(source, (node) => {
    if (ts.isImportSpecifier(node)) {
      const module = importedModule(node.parent.parent.parent) ?? "";
      const original = (node.propertyName ?? node.name).text;
      if (clockModules.has(module) && sleepers.has(original)) timers.add(node.name.text);
    }
    if (!ts.isCallExpression(node)) return;
    const callee = ts.isPropertyAccessExpression(node.expression) ? node.expression.expression : node.expression;
    if (!ts.isIdentifier(callee) || !timers.has(callee.text)) return;
    const finding = at(source, node, "sets a timer: wait for a condition");
    const explained = [finding.line - 1, finding.line].some((line) => reason.test(lines[line - 1] ?? ""));
    if (!explained) findings.push(finding);
  });
  return findings;
}

/** A test that runs alone silences the others. */
export function exclusiveTests(source: Source): Finding[] {
  const findings: Finding[] = [];
  walk(source, (node) => {
    const only =
      (ts.isPropertyAccessExpression(node) && node.name.text === "only" && ts.isCallExpression(node.parent)) ||
      (ts.isPropertyAssignment(node) &&
        ts.isIdentifier(node.name) &&
        node.name.text === "only" &&
        node.initializer.kind === ts.SyntaxKind.TrueKeyword);
    if (only) findings.push(at(source, node, "runs alone"));
  });
  return findings;
}
