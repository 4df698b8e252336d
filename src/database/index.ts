export { copyOut } from "./copy.ts";
export { isDatabaseError, isUniqueViolation, mayPass, sqlState, violatedConstraint } from "./failures.ts";
export { appRole, migrate, migrateTarget, MigrationProblem, pendingMigrations } from "./migrate.ts";
export { roleToTake } from "./role.ts";
export { waitForStandby } from "./standby.ts";
export { type Database, type DatabaseOptions, openDatabase, type TransactOptions } from "./transaction.ts";
export type { QueryOptions, Tx } from "./tx.ts";
