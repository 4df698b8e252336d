import { hasSqlDetails, parse, parsePlPgSQL, scan } from "libpg-query";
import { isTree, type Tree, typed } from "./syntax-tree.ts";

/** One statement of a text. */
export interface Statement {
  /** `SelectStmt`, `CreateStmt`, … */
  readonly kind: string;
  readonly node: Tree;
  /** From its first token to the semicolon, which is left out. */
  readonly text: string;
  /** Index of its first token, in UTF-16 units of the whole text. */
  readonly offset: number;
}

/** What PostgreSQL's parser does not take, or what it should not be burdened with. */
export class UnreadableSql extends Error {
  readonly offset: number;
  constructor(message: string, offset = 0) {
    super(message);
    this.offset = offset;
  }
}

const maxLength = 262_144;
/** The parser's trees are as deep as a chain of operators is long; beyond this it would run out of stack. */
const maxChain = 5_000;
const maxComments = 1_000;

const commentTokens = new Set(["SQL_COMMENT", "C_COMMENT"]);

/**
 * Parses SQL with PostgreSQL's own parser.
 * @throws UnreadableSql
 */
export async function readStatements(sql: string): Promise<Statement[]> {
  const starts = await tokenStarts(sql);
  const bytes = Buffer.from(sql);
  const { stmts = [] } = await reading(sql, () => parse(sql));
  return stmts.map(({ stmt, stmt_location: from = 0, stmt_len: length = 0 }) => {
    const [kind, node] = typed(stmt);
    const end = length === 0 ? bytes.length : from + length;
    // A statement's place takes in the blanks and comments before it.
    const start = starts.find((at) => at >= from) ?? from;
    return {
      kind,
      node,
      text: bytes.subarray(start, end).toString(),
      offset: bytes.subarray(0, start).toString().length,
    };
  });
}

/**
 * Parses the body of a DO block or of a CREATE FUNCTION in PL/pgSQL.
 * @param statement the whole statement
 * @throws UnreadableSql
 */
export async function readPlPgSql(statement: string): Promise<Tree> {
  const parsed: unknown = await reading(statement, () => parsePlPgSQL(statement));
  const functions = isTree(parsed) ? parsed.plpgsql_funcs : undefined;
  const first: unknown = Array.isArray(functions) && functions.length === 1 ? functions[0] : undefined;
  const [type, node] = typed(first);
  if (type !== "PLpgSQL_function") throw new UnreadableSql("The PL/pgSQL body cannot be read.");
  return node;
}

/** Names that are followed by an opening bracket, as they are written: what looks like a call. */
export async function writtenCalls(sql: string): Promise<string[]> {
  const tokens = await tokensOf(sql);
  return tokens.flatMap(({ text }, at) =>
    tokens[at + 1]?.text === "(" ? [text.replace(/^"(.*)"$/s, "$1").toLowerCase()] : [],
  );
}

/** Splits what is left and what is right of an assignment in PL/pgSQL, `a[1] := f(2)`. */
export async function splitAssignment(source: string): Promise<{ target: string; value: string }> {
  const bytes = Buffer.from(source);
  let depth = 0;
  for (const token of await tokensOf(source)) {
    if (token.text === "[" || token.text === "(") depth += 1;
    if (token.text === "]" || token.text === ")") depth -= 1;
    if (depth === 0 && (token.text === ":=" || token.text === "=")) {
      return { target: bytes.subarray(0, token.start).toString(), value: bytes.subarray(token.end).toString() };
    }
  }
  throw new UnreadableSql("An assignment in a PL/pgSQL body cannot be read.");
}

async function tokensOf(sql: string) {
  requireText(sql);
  const { tokens } = await reading(sql, () => scan(sql));
  return tokens.filter(({ tokenName }) => !commentTokens.has(tokenName));
}

async function tokenStarts(sql: string): Promise<number[]> {
  const tokens = await tokensOf(sql);
  let chain = 0;
  for (const token of tokens) {
    chain = token.text === "," || token.text === ";" ? 0 : chain + 1;
    if (chain > maxChain) throw new UnreadableSql("An expression is too long or nested too deeply.");
  }
  return tokens.map(({ start }) => start);
}

/** The parser reads up to a NUL only, so what stands behind one would pass unseen. */
function requireText(sql: string): void {
  const nul = sql.indexOf("\0");
  if (nul >= 0) throw new UnreadableSql("The character U+0000 cannot stand in SQL.", nul);
  if (!sql.isWellFormed()) throw new UnreadableSql("The SQL is not well-formed Unicode.");
  if (sql.length > maxLength) throw new UnreadableSql(`The SQL is longer than ${maxLength} characters.`);
  // Nested comments cost the scanner the square of their number.
  if (sql.split("/*").length > maxComments) throw new UnreadableSql(`There are more than ${maxComments} comments.`);
}

async function reading<Result>(sql: string, read: () => Promise<Result>): Promise<Result> {
  if (sql.trim() === "") throw new UnreadableSql("There is no statement.");
  try {
    return await read();
  } catch (error) {
    if (hasSqlDetails(error)) {
      // The position counts code points.
      const offset = Array.from(sql).slice(0, error.sqlDetails?.cursorPosition).join("").length;
      throw new UnreadableSql(`It cannot be parsed: ${error.message}.`, offset);
    }
    // Beside its own refusals the parser, being WebAssembly, may run out of stack or memory.
    const reason =
      error instanceof RangeError ? "it is nested too deeply" : error instanceof Error ? error.message : "";
    throw new UnreadableSql(`It cannot be parsed: ${reason}.`);
  }
}
