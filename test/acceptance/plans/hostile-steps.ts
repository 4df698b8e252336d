import { anyway, type SmallStep } from "./small-plan.ts";

/** A step whose file looks harmless, and what stops it. */
export interface HostileStep {
  readonly name: string;
  readonly step: SmallStep;
  readonly code: string;
  readonly says: RegExp;
}

export const outside = "OUTSIDE_ALLOWED";
export const one = (table: string) => ({ rows: { [table]: { insert: 1 } } });
const back = { "app.goods": { delete: 1 } };
export const undo = (sql: string, rows = {}) => ({
  rollback: { mode: "revert" as const, sql, rows, evidence: [anyway] },
});

const throughRows: readonly HostileStep[] = [
  {
    name: "a trigger on an allowed table smuggles a row elsewhere",
    step: { sql: "INSERT INTO app.smuggling VALUES (1)", allowed: one("app.smuggling") },
    code: outside,
    says: /app\.secrets: 1 rows by insert/,
  },
  {
    name: "a deferred trigger writes elsewhere at commit",
    step: { sql: "INSERT INTO app.late VALUES (1)", allowed: one("app.late") },
    code: outside,
    says: /app\.secrets: 1 rows by insert/,
  },
  {
    name: "a deferred trigger puts another one off",
    step: {
      sql: "INSERT INTO app.later VALUES (1)",
      allowed: { rows: { "app.later": { insert: 1 }, "app.late": { insert: 1 } } },
      ...undo("DELETE FROM app.late; DELETE FROM app.later", { "app.late": { delete: 1 }, "app.later": { delete: 1 } }),
    },
    code: outside,
    says: /app\.secrets: 1 rows by insert/,
  },
  {
    name: "a rule sends the row elsewhere",
    step: { sql: "INSERT INTO app.redirected VALUES (60)", allowed: one("app.redirected") },
    code: outside,
    says: /app\.secrets: 1 rows by insert/,
  },
  {
    name: "a default calls a function that writes",
    step: { sql: "INSERT INTO app.priced (id) VALUES (1)", allowed: one("app.priced") },
    code: outside,
    says: /app\.secrets: 1 rows by insert/,
  },
  {
    name: "a view's trigger writes elsewhere",
    step: { sql: "INSERT INTO app.window VALUES (61)", allowed: one("app.goods") },
    code: outside,
    says: /app\.secrets: 1 rows by insert/,
  },
  {
    name: "a cascade deletes from another table",
    step: { sql: "DELETE FROM app.owners WHERE id = 1", allowed: { rows: { "app.owners": { delete: 1 } } } },
    code: outside,
    says: /app\.secrets: 2 rows by delete/,
  },
  {
    name: "a trigger doubles the one row allowed",
    step: { sql: "INSERT INTO app.doubled VALUES (1)", allowed: one("app.doubled") },
    code: outside,
    says: /app\.doubled: 2 rows by insert, and 1 are/,
  },
  {
    name: "more rows are updated than allowed",
    step: { sql: "UPDATE app.goods SET price = 2", allowed: { rows: { "app.goods": { update: 1 } } } },
    code: outside,
    says: /3 rows by update, and 1 are/,
  },
  {
    name: "no row is inserted where one is demanded",
    step: { sql: "INSERT INTO app.goods SELECT 4 WHERE false", allowed: one("app.goods") },
    code: outside,
    says: /0 rows by insert, and 1 are/,
  },
  {
    name: "a trigger swallows the row that is demanded",
    step: { sql: "INSERT INTO app.swallowed VALUES (1)", allowed: one("app.swallowed") },
    code: outside,
    says: /0 rows by insert, and 1 are/,
  },
  {
    name: "what is allowed is forbidden as well",
    step: {
      sql: "ALTER TABLE app.secrets ADD COLUMN more text",
      allowed: { objects: ["table app.secrets"] },
      forbidden: ["table app.s*"],
    },
    code: outside,
    says: /table app\.secrets is changed, which the step forbids/,
  },
  {
    name: "an allowed table is made anew and has lost its policy",
    step: {
      sql: "DROP TABLE app.guarded; CREATE TABLE app.guarded (id int PRIMARY KEY, body text)",
      allowed: { objects: ["table app.guarded"] },
    },
    code: outside,
    says: /policy guard on app\.guarded is dropped/,
  },
  {
    name: "an allowed table is made anew with its policy, and without its row and what was granted",
    step: {
      sql: `DROP TABLE app.guarded; CREATE TABLE app.guarded (id int PRIMARY KEY, body text);
            ALTER TABLE app.guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY guard ON app.guarded USING (id > 0)`,
      allowed: { objects: ["table app.guarded", "policy guard on app.guarded"] },
    },
    code: outside,
    says: /app\.guarded (has -1 rows more|was truncated)/,
  },
  {
    name: "a table that is not allowed is made anew, the same",
    step: {
      sql: "DROP TABLE app.doubled; CREATE TABLE app.doubled (id int); CREATE TRIGGER second AFTER INSERT ON app.doubled FOR EACH ROW EXECUTE FUNCTION app.second()",
    },
    code: outside,
    says: /app\.doubled was truncated or rewritten/,
  },
  {
    name: "a column is dropped and put back empty",
    step: { sql: "ALTER TABLE app.secrets DROP COLUMN note; ALTER TABLE app.secrets ADD COLUMN note text" },
    code: outside,
    says: /table app\.secrets is (changed|replaced)/,
  },
  {
    name: "the index of another table is made beside the allowed one",
    step: {
      sql: "CREATE INDEX goods_label ON app.goods (label); CREATE INDEX secrets_note ON app.secrets (note)",
      allowed: { objects: ["index app.goods_label"] },
    },
    code: outside,
    says: /index app\.secrets_note is added/,
  },
];

const throughCounting: readonly HostileStep[] = [
  {
    name: "rows that were undone again are to count for rows that are missing",
    step: {
      sql: "SELECT app.fewer()",
      allowed: { rows: { "app.goods": { insert: 3 } } },
      ...undo("DELETE FROM app.goods WHERE id = 92", back),
    },
    code: outside,
    says: /app\.goods/,
  },
];

const throughQuestions: readonly HostileStep[] = [
  {
    name: "a stop condition writes elsewhere",
    step: { sql: "SELECT 1", stop: [{ name: "sly", sql: "SELECT app.wins(80) < 0" }] },
    code: "",
    says: /app\.secrets|writes/,
  },
  {
    name: "a stop condition writes what the step should",
    step: {
      sql: "SELECT 1",
      allowed: one("app.goods"),
      stop: [{ name: "sly", sql: "SELECT app.stock(81)", at: "before" }],
      ...undo("DELETE FROM app.goods WHERE id = 81", back),
    },
    code: "",
    says: /app\.goods|writes/,
  },
  {
    name: "evidence writes elsewhere",
    step: { sql: "SELECT 1", evidence: [{ name: "sly", sql: "SELECT app.wins(82)", expect: { equals: 82 } }] },
    code: "",
    says: /app\.secrets|writes/,
  },
  {
    name: "evidence writes what the step should",
    step: {
      sql: "SELECT 1",
      allowed: one("app.goods"),
      evidence: [{ name: "sly", sql: "SELECT app.stock(83)", expect: { equals: false } }],
      ...undo("DELETE FROM app.goods WHERE id = 83", back),
    },
    code: "",
    says: /app\.goods|writes/,
  },
  {
    name: "evidence leaves a trigger to the commit",
    step: {
      sql: "SELECT 1",
      allowed: one("app.late"),
      evidence: [{ name: "sly", sql: "SELECT app.stock_late(84)", expect: { equals: true } }],
      ...undo("DELETE FROM app.late", { "app.late": { delete: 1 } }),
    },
    code: "",
    says: /app\.secrets|writes/,
  },
  {
    name: "evidence of what was there before writes",
    step: { sql: "SELECT 1", evidence: [{ name: "sly", sql: "SELECT app.wins(85)", expect: { unchanged: true } }] },
    code: "",
    says: /app\.secrets|writes/,
  },
  {
    name: "a negative test is accepted",
    step: {
      sql: "SELECT 1",
      negative: [{ name: "sly", sql: "DELETE FROM app.secrets", refused_with: { sqlstate: "23503" } }],
    },
    code: "NEGATIVE_TEST_FAILED",
    says: /was accepted/,
  },
  {
    name: "a negative test is refused for another reason",
    step: {
      sql: "SELECT 1",
      negative: [{ name: "sly", sql: "INSERT INTO app.secrets (id) VALUES (1)", refused_with: { sqlstate: "23503" } }],
    },
    code: "NEGATIVE_TEST_FAILED",
    says: /refused with 23505/,
  },
  {
    name: "a negative test is refused by another constraint",
    step: {
      sql: "SELECT 1",
      negative: [
        {
          name: "sly",
          sql: "INSERT INTO app.secrets (id) VALUES (1)",
          refused_with: { sqlstate: "23505", constraint: "goods_pkey" },
        },
      ],
    },
    code: "NEGATIVE_TEST_FAILED",
    says: /secrets_pkey/,
  },
  {
    name: "a negative test moves a sequence and is refused",
    step: {
      sql: "SELECT 1",
      negative: [{ name: "sly", sql: "SELECT app.move_and_fail()", refused_with: { sqlstate: "23514" } }],
    },
    code: outside,
    says: /sequence app\.numbers has moved/,
  },
];

export const hostileSteps: readonly HostileStep[] = [...throughRows, ...throughCounting, ...throughQuestions];
