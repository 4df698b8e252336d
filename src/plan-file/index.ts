export { PlanFileProblem, type PlanFileCode } from "./errors.ts";
export { type GuardFault, guardSql, type SqlKind, splitStatements } from "./guard.ts";
export { lintPlan, type ParsedPlan, type PlanLint, parsePlan } from "./parse.ts";
export * from "./schemas.ts";
export { UnreadableSql } from "./statements.ts";
export type { PlanFault } from "./yaml-source.ts";
