import { type HostileStep, one, outside, undo } from "./hostile-steps.ts";
import { anyway } from "./small-plan.ts";

/** What a rehearsal of a commit finds in the way back, which it tries as well. */
export const hostileWaysBack: readonly HostileStep[] = [
  {
    name: "the rollback writes elsewhere",
    step: { sql: "SELECT 1", ...undo("SELECT app.wins(86)") },
    code: outside,
    says: /app\.secrets: 1 rows by insert/,
  },
  {
    name: "the rollback leaves a row",
    step: {
      sql: "INSERT INTO app.goods (id) VALUES (5)",
      allowed: one("app.goods"),
      rollback: { mode: "revert", sql: "SELECT 1", evidence: [anyway] },
    },
    code: outside,
    says: /0 rows by delete, and 1 are/,
  },
  {
    name: "the rollback says that it leaves a row, and reverts all the same",
    step: { sql: "INSERT INTO app.goods (id) VALUES (5)", allowed: one("app.goods"), ...undo("SELECT 1") },
    code: "STATE_FAILED",
    says: /do not lead back/,
  },
  {
    name: "the rollback leaves a table",
    step: {
      sql: "CREATE TABLE app.left_over (x int)",
      allowed: { objects: ["table app.left_over"] },
      ...undo("SELECT 1"),
    },
    code: "STATE_FAILED",
    says: /do not lead back/,
  },
  {
    name: "the rollback's evidence fails",
    step: {
      sql: "SELECT 1",
      rollback: {
        mode: "revert",
        sql: "SELECT 1",
        evidence: [{ name: "two", sql: "SELECT 1", expect: { equals: 2 } }],
      },
    },
    code: "EVIDENCE_FAILED",
    says: /“two” is 1/,
  },
];
