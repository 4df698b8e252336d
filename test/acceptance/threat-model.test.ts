import { existsSync, readFileSync } from "node:fs";
import t from "tap";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/threat-model.md", root), "utf8");

interface Row {
  readonly line: number;
  readonly name: string;
  readonly proof: string;
}

/** The rows of the tables whose last column says what shows it. */
function rowsOf(text: string): readonly Row[] {
  const rows: Row[] = [];
  let proves = false;
  for (const [index, line] of text.split("\n").entries()) {
    const cells = line.startsWith("|") ? line.split("|").slice(1, -1) : [];
    const last = cells.at(-1)?.trim();
    if (last === undefined) proves = false;
    else if (last === "shown by") proves = true;
    else if (proves && !/^-+$/.test(last)) rows.push({ line: index + 1, name: (cells[0] ?? "").trim(), proof: last });
  }
  return rows;
}

/** Titles of the tests in a file, as they are written. */
function titlesOf(source: string): readonly string[] {
  return [...source.matchAll(/\b(?:t|all)\.test\(\s*(["'`])((?:\\.|(?!\1).)*)\1/gs)].map((match) => match[2] ?? "");
}

/** What is wrong with a row: a file or a title that is not there, or nothing that shows it and nothing that says so. */
function faultsOf({ line, name, proof }: Row): readonly string[] {
  const where = `line ${line} (${name})`;
  const cited = [...proof.matchAll(/`([^`]+)` "([^"]+)"/g)];
  const admitted = /\*\*(not met|deployment|not applicable)\*\*/.test(proof);
  if (cited.length === 0 && !admitted) return [`${where} names no test`];
  return cited.flatMap(([, file = "", words = ""]) => {
    const url = new URL(`test/${file.replace(/\.test$/, "")}.test.ts`, root);
    if (!existsSync(url)) return [`${where}: there is no test/${file}.test.ts`];
    const found = titlesOf(readFileSync(url, "utf8")).some((title) => title.includes(words));
    return found ? [] : [`${where}: no test of ${file} has the words "${words}" in its title`];
  });
}

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);

t.test("operations: each row of the threat model names tests that are there, or says what is missing", (t) => {
  const rows = rowsOf(page);
  t.ok(rows.length > 90, `${rows.length} rows`);
  t.strictSame(rows.flatMap(faultsOf), []);
  t.end();
});

t.test("operations: the threat model leaves out no risk, chapter or attack of its lists", (t) => {
  const names = rowsOf(page).map(({ name }) => name.split(" ")[0]);
  for (const one of [...numbered("API", 10), ...numbered("V", 17), ...numbered("F", 20)])
    t.ok(names.includes(one), one);
  t.end();
});

t.test("operations: what the threat model admits to is told once more at its end", (t) => {
  const end = page.slice(page.indexOf("## Not defended yet"));
  const admitted = rowsOf(page).filter(({ proof }) => proof.includes("**not met**"));
  t.ok(admitted.length > 0);
  for (const words of [/signed tree/, /not bound to a key/, /same time/]) t.match(end, words);
  t.end();
});

t.test("operations: the links of the threat model lead somewhere, and so do those to it", (t) => {
  for (const [, target = ""] of page.matchAll(/\]\(([^)#:]+)\)/g)) {
    t.ok(existsSync(new URL(target, new URL("docs/threat-model.md", root))), target);
  }
  for (const from of ["docs/README.md", "docs/explanation/lifecycle.md"]) {
    const [, target = ""] = /\]\(([^)]*threat-model\.md)\)/.exec(readFileSync(new URL(from, root), "utf8")) ?? [];
    t.ok(target !== "" && existsSync(new URL(target, new URL(from, root))), from);
  }
  t.end();
});

t.test("operations: control: a file, a title or a proof that is gone is seen", (t) => {
  const table = (proof: string): string => `| attack | shown by |\n|---|---|\n| x | ${proof} |\n`;
  const faults = (proof: string): readonly string[] => rowsOf(table(proof)).flatMap(faultsOf);
  t.match(faults('`acceptance/no-such-file` "anything"'), [/there is no test/]);
  t.match(faults('`acceptance/races/single-use` "a title that nobody gave"'), [/in its title/]);
  t.match(faults('`acceptance/races/single-use` "import pg"'), [/in its title/], "words outside a title do not count");
  t.match(faults("surely"), [/names no test/]);
  t.strictSame(faults('`acceptance/races/single-use` "of 1,000 consumes at once"'), []);
  t.strictSame(faults("**not met**: nobody has done it"), []);
  t.end();
});
