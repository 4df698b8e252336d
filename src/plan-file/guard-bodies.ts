import { reachOf } from "./reaching-functions.ts";
import { languageOf } from "./statement-rules.ts";
import { readPlPgSql, type Statement, splitAssignment, UnreadableSql, writtenCalls } from "./statements.ts";
import { child, isTree, items, nodes, type Tree, text, words } from "./syntax-tree.ts";

/** Examines SQL that stands in a body; answers with what is wrong. */
type Examine = (sql: string) => Promise<readonly string[]>;

/** The statements of PL/pgSQL that do nothing but what their expressions say. */
const plain = new Set(
  `block assign if case loop while fori fors forc foreach_a exit return return_next return_query raise assert execsql
   open fetch close getdiag perform`
    .split(/\s+/)
    .map((name) => `PLpgSQL_stmt_${name}`),
);

const transactionControl = "a function or block does not end the step's transaction";
const dynamic = "EXECUTE runs text as SQL, which cannot be examined";
const refused: Readonly<Record<string, string>> = {
  PLpgSQL_stmt_commit: `COMMIT is refused: ${transactionControl}.`,
  PLpgSQL_stmt_rollback: `ROLLBACK is refused: ${transactionControl}.`,
  PLpgSQL_stmt_call: "CALL or DO is refused: a procedure may commit, and what it runs cannot be examined.",
  PLpgSQL_stmt_dynexecute: `Dynamic SQL is refused: ${dynamic}.`,
  PLpgSQL_stmt_dynfors: `Dynamic SQL is refused: ${dynamic}.`,
};

/** What is wrong in the body of a DO block or a function, if the statement has one. */
export async function examineBody({ kind, node, text: source }: Statement, examine: Examine): Promise<string[]> {
  if (kind !== "DoStmt" && kind !== "CreateFunctionStmt") return [];
  // The body between BEGIN ATOMIC and END is part of the statement's own tree.
  if (isTree(node.sql_body)) return [];
  const language = languageOf(node, kind === "DoStmt" ? "plpgsql" : "none");
  const body = bodyOf(node);
  try {
    if (body === undefined) return ["There is no body that could be examined."];
    if (language === "sql") return body.trim() === "" ? [] : [...(await examine(body))];
    // Other languages are refused with the statement.
    return language === "plpgsql" ? await examinePlPgSql(source, body, examine) : [];
  } catch (error) {
    if (error instanceof UnreadableSql) return [error.message];
    throw error;
  }
}

/** The text behind AS. Two texts are a library and a symbol, of languages that are refused. */
function bodyOf(node: Tree): string | undefined {
  const options = [...items(node, "options"), ...items(node, "args")]
    .filter(isTree)
    .map((one) => child(one, "DefElem"));
  const given = options.filter((option) => text(option, "defname") === "as").map((option) => child(option, "arg"));
  const texts = given.flatMap((arg) => [...words([arg]), ...words(items(child(arg, "List"), "items"))]);
  return texts.length === 1 ? texts[0] : undefined;
}

async function examinePlPgSql(source: string, body: string, examine: Examine): Promise<string[]> {
  const faults: string[] = [];
  // Calls as they are written are looked at as well, lest a part be missing in the tree that the parser hands out.
  for (const name of await writtenCalls(body)) {
    const reason = reachOf([name]);
    if (reason !== undefined) faults.push(`The function ${name} is refused: ${reason}.`);
  }
  for (const [name, node] of nodes(await readPlPgSql(source))) {
    if (name === "PLpgSQL_expr") faults.push(...(await examineExpression(node, examine)));
    else if (name.startsWith("PLpgSQL_stmt_")) faults.push(...statementFaults(name, node));
  }
  return faults;
}

function statementFaults(name: string, node: Tree): string[] {
  if (node.dynquery !== undefined) return [`Dynamic SQL is refused: ${dynamic}.`];
  if (plain.has(name)) return [];
  return [(Object.hasOwn(refused, name) ? refused[name] : undefined) ?? `${name} is not known and therefore refused.`];
}

/** How the parser of PL/pgSQL read a piece of SQL (RawParseMode of PostgreSQL). */
const parseModes = { statement: 0, expression: 2, firstAssignment: 3, lastAssignment: 5 } as const;

async function examineExpression(node: Tree, examine: Examine): Promise<readonly string[]> {
  const query = text(node, "query");
  const mode = node.parseMode;
  if (mode === parseModes.statement) return examine(query);
  if (mode === parseModes.expression) return examine(`SELECT ${query}`);
  if (typeof mode !== "number" || mode < parseModes.firstAssignment || mode > parseModes.lastAssignment)
    return ["An expression is of a kind that is not known."];
  const { target, value } = await splitAssignment(query);
  return [...(await examine(`SELECT ${target}`)), ...(await examine(`SELECT ${value}`))];
}
