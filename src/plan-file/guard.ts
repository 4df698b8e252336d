import { examineBody } from "./guard-bodies.ts";
import { reachOf } from "./reaching-functions.ts";
import { readStatements, type Statement, UnreadableSql } from "./statements.ts";
import { statementFault, writtenNames } from "./statement-rules.ts";
import { child, items, nodes, type Tree, text, words } from "./syntax-tree.ts";

/** `change`: the SQL of a step, of its rollback or of a negative test. `question`: evidence or a stop condition. */
export type SqlKind = "change" | "question";

export interface GuardFault {
  /** Index into the SQL, in UTF-16 units; a fault in a body of a function is where its statement begins. */
  readonly offset: number;
  readonly detail: string;
}

/**
 * Says what in a text of SQL a step may not have (PLAN-4, PLAN-5, PLAN-10). It reads the syntax only: what a function of
 * the target does, or what a trigger there writes, shows in the measured change.
 *
 * @returns no fault where the SQL may be rehearsed; never throws for what it was given
 */
export async function guardSql(sql: string, kind: SqlKind): Promise<GuardFault[]> {
  return examineSql(sql, kind, 0);
}

/**
 * The statements of a text, one by one, as the parser separates them; without the semicolons between them.
 * @throws UnreadableSql
 */
export async function splitStatements(sql: string): Promise<string[]> {
  return (await readStatements(sql)).map((statement) => statement.text);
}

/** Bodies within bodies: a function that makes a function that makes a function. */
const maxDepth = 4;

async function examineSql(sql: string, kind: SqlKind, depth: number): Promise<GuardFault[]> {
  try {
    const statements = await readStatements(sql);
    if (statements.length === 0) throw new UnreadableSql("There is no statement.");
    if (kind === "question") requireOneSelect(statements);
    const faults: GuardFault[] = [];
    for (const statement of statements) {
      const place = { sql, offset: statement.offset };
      faults.push(...examineTree(statement.kind, statement.node, place));
      if (kind === "question") faults.push(...writesOf(statement));
      faults.push(...(await examineBodies(statement, depth)));
    }
    return faults;
  } catch (error) {
    if (error instanceof UnreadableSql) return [{ offset: error.offset, detail: error.message }];
    throw error;
  }
}

function requireOneSelect(statements: readonly Statement[]): void {
  const [first, second] = statements;
  if (second !== undefined) throw new UnreadableSql("It must be one SELECT, and no more.", second.offset);
  if (first?.kind !== "SelectStmt") {
    throw new UnreadableSql(`It must be a SELECT, not a ${first?.kind ?? ""}.`, first?.offset ?? 0);
  }
}

interface Place {
  readonly sql: string;
  readonly offset: number;
}

/** Index of a node in the SQL: the parser counts bytes. */
function offsetOf(node: Tree, { sql, offset }: Place): number {
  if (typeof node.location !== "number" || node.location < 0) return offset;
  return Buffer.from(sql).subarray(0, node.location).toString().length;
}

/** Rules that hold wherever a node stands: at the top, in a CTE, in an action of a rule, in a body. */
function examineTree(kind: string, tree: Tree, place: Place): GuardFault[] {
  const faults: GuardFault[] = [];
  const fault = (node: Tree, detail: string) => faults.push({ offset: offsetOf(node, place), detail });
  const settings = new Set<unknown>();
  for (const [name, node] of nodes({ [kind]: tree })) {
    // SET among the options of a function has a rule of its own, which the function's statement is held against.
    if (name === "DefElem") settings.add(child(node, "arg").VariableSetStmt);
    if (isStatement(name) && !settings.has(node)) {
      const reason = statementFault(name, node);
      if (reason !== undefined) fault(node, reason);
      for (const written of writtenNames(node)) {
        if (ofTheSystem(written, name))
          fault(node, `${written.join(".")} belongs to PostgreSQL itself and is not written to.`);
      }
    }
    for (const called of calledNames(name, node)) {
      const reason = reachOf(called);
      if (reason !== undefined) fault(node, `The function ${called.join(".")} is refused: ${reason}.`);
    }
    if (isTemporary(name, node))
      fault(node, "Temporary objects are refused: they are gone before they could be measured.");
  }
  return faults;
}

/** Types begin with a capital, fields do not. RETURN stands in SQL bodies only and is an expression. */
function isStatement(name: string): boolean {
  return /^[A-Z]\w*Stmt$/.test(name) && name !== "ReturnStmt";
}

function calledNames(name: string, node: Tree): string[][] {
  if (node.funcname !== undefined && name !== "CreateFunctionStmt") return [words(items(node, "funcname"))];
  // `x.f` is read as `f(x)` where x has no column f.
  if (name === "ColumnRef") return [words(items(node, "fields"))].filter((fields) => fields.length > 1).map(lastOf);
  if (name === "A_Indirection") return words(items(node, "indirection")).map((word) => [word]);
  return [];
}

function lastOf(fields: readonly string[]): string[] {
  return fields.slice(-1);
}

const temporarySchema = /^pg_temp(_\d+)?$/;

function isTemporary(name: string, node: Tree): boolean {
  if (node.relpersistence === "t") return true;
  return (
    temporarySchema.test(text(node, "schemaname")) || (name === "String" && temporarySchema.test(text(node, "sval")))
  );
}

/** Rows and definitions in PostgreSQL's own schemas; an update of pg_settings, for one, is a SET. */
function ofTheSystem(written: readonly string[], kind: string): boolean {
  const [first = ""] = written;
  if (["pg_catalog", "information_schema", "pg_toast"].includes(first)) return true;
  const ofRows = ["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"].includes(kind);
  return ofRows && written.length === 1 && first.startsWith("pg_");
}

function writesOf({ node: statement, offset }: Statement): GuardFault[] {
  const faults: GuardFault[] = [];
  for (const [name, node] of nodes({ SelectStmt: statement })) {
    if (["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"].includes(name))
      faults.push({ offset, detail: "It must not write: a data-modifying part stands in it." });
    if (name === "intoClause") faults.push({ offset, detail: "It must not write: SELECT INTO makes a table." });
    if (items(node, "lockingClause").length > 0)
      faults.push({ offset, detail: "It must not lock rows (FOR UPDATE, FOR SHARE, …)." });
    if (words(items(node, "funcname")).at(-1) === "nextval")
      faults.push({ offset, detail: "It must not write: nextval moves a sequence." });
  }
  return faults;
}

async function examineBodies(statement: Statement, depth: number): Promise<GuardFault[]> {
  const found = await examineBody(statement, async (sql) => {
    if (depth >= maxDepth) return ["Bodies of functions are nested too deeply."];
    return (await examineSql(sql, "change", depth + 1)).map(({ detail }) => detail);
  });
  return [...new Set(found)].map((detail) => ({ offset: statement.offset, detail: `In its body: ${detail}` }));
}
