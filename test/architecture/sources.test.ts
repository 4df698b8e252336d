import t from "tap";
import {
  environmentReads,
  impureStates,
  logicInDoors,
  misplacedDeclarations,
  sqlOutsideStores,
  tooLong,
  vagueName,
} from "./source-rules.ts";
import { type Finding, show, type Source, sourcesUnder } from "./sources.ts";
import { exclusiveTests, sleepsInTests, untracedTests } from "./test-rules.ts";

const src = sourcesUnder("src");
const tests = sourcesUnder("test").filter(({ path }) => !path.startsWith("test/architecture/"));
const everything = sourcesUnder("src", "test", "bench", "faults", "scripts");

type Rule = (source: Source) => Finding[];

/** One rule on the tree, with files that break it and files that do not: a rule that finds nothing proves nothing. */
function holds(
  title: string,
  rule: Rule,
  over: readonly Source[],
  samples: { broken: readonly (readonly [path: string, text: string])[]; fine: readonly (readonly [string, string])[] },
): void {
  t.test(title, async (t) => {
    t.ok(over.length > 0, "there are files to look at");
    t.strictSame(show(over.flatMap(rule)), [], "the tree");
    for (const [path, text] of samples.broken) t.not(rule({ path, text }).length, 0, `found: ${text.slice(0, 60)}`);
    for (const [path, text] of samples.fine) t.strictSame(rule({ path, text }), [], `let pass: ${text.slice(0, 60)}`);
  });
}

holds("only config.ts reads the environment", environmentReads, src, {
  broken: [
    ["src/app.ts", "const port = process.env.PORT;"],
    ["src/app.ts", 'const port = process["env"].PORT;'],
    ["src/app.ts", "const port = globalThis.process.env.PORT;"],
    ["src/app.ts", "const { env: surroundings } = process;"],
    ["src/app.ts", 'import { env } from "node:process";'],
  ],
  fine: [
    ["src/config.ts", "const port = process.env.PORT;"],
    ["src/app.ts", "const env = read(); spawn(node, [], { env }); log(config.env); // process.env"],
  ],
});

holds("SQL lives in store.ts files and database/ alone", sqlOutsideStores, src, {
  broken: [
    ["src/grants/consume.ts", "const text = `\n  select *\n  from grants where x = $1`;"],
    ["src/grants/consume.ts", "const text = `UPDATE ${table} SET a = 1`;"],
    ["src/grants/consume.ts", 'const text = "insert into t values (1)";'],
    ["src/grants/consume.ts", "const text = `with late as (select 1) delete from t`;"],
    ["src/http/routes/system/health.ts", "await tx.query(text);"],
  ],
  fine: [
    ["src/grants/store.ts", "await tx.query(`select 1 from t`);"],
    ["src/database/migrate.ts", 'await client.query("lock table t");'],
    [
      "src/grants/consume.ts",
      'const text = "Update the request with a new digest"; const limit = request.query.limit;',
    ],
    ["src/grants/consume.ts", 'const text = "Select a reviewer"; const mode = "commit";'],
  ],
});

holds("a domain's index.ts is its door: re-exports alone", logicInDoors, src, {
  broken: [
    ["src/grants/index.ts", "export const limit = 3;"],
    ["src/grants/index.ts", 'import { mint } from "./mint.ts"; export { mint };'],
  ],
  fine: [["src/grants/index.ts", '// the door\nexport { mint } from "./mint.ts";\nexport type { G } from "./x.ts";']],
});

holds("a domain's shapes are in schemas.ts, its refusals in errors.ts", misplacedDeclarations, src, {
  broken: [
    ["src/grants/mint.ts", 'import Type from "typebox";'],
    ["src/grants/mint.ts", 'const P = problemClass("P", {});'],
  ],
  fine: [
    ["src/grants/schemas.ts", 'import Type from "typebox";'],
    ["src/grants/mint.ts", 'import type { Static } from "typebox";'],
    ["src/grants/errors.ts", 'export const P = problemClass("P", {});'],
    ["src/http/route.ts", 'import Type from "typebox";'],
  ],
});

holds("a states.ts is pure", impureStates, src, {
  broken: [["src/grants/states.ts", 'import { find } from "./store.ts";']],
  fine: [["src/grants/states.ts", 'import type { Row } from "./store.ts"; import { a } from "../kernel/problem.ts";']],
});

holds("no file over 300 lines", tooLong, src, {
  broken: [["src/a.ts", "x\n".repeat(301)]],
  fine: [["src/a.ts", "x\n".repeat(300)]],
});

holds("no vague file names", ({ path }) => vagueName(path), everything, {
  broken: [
    ["src/utils.ts", ""],
    ["src/http/common/a.ts", ""],
    ["test/support/json-helpers.ts", ""],
  ],
  fine: [
    ["src/dispatch/handlers/authorize-build-step.ts", ""],
    ["src/evidence/append.ts", ""],
  ],
});

holds("each test of a promise names its requirement", untracedTests, tests, {
  broken: [
    ["test/grants/mint.test.ts", 't.test("mints", async () => {});'],
    ["test/grants/mint.test.ts", 'test("MINT-99 unheard of", async () => {});'],
    ["test/grants/mint.test.ts", 'for (const x of y) t.test("mints", async () => {});'],
  ],
  fine: [
    ["test/grants/mint.test.ts", 't.test("MINT-2 once", async (t) => { await t.test("again", f); });'],
    ["test/grants/mint.test.ts", "t.test(`GRANT-2 ${code}`, async () => {});"],
    ["test/acceptance/start.test.ts", 't.test("operations: exit code 2", async () => {});'],
    ["test/kernel/json.test.ts", 't.test("reads", async () => {});'],
  ],
});

holds("no test waits for a time", sleepsInTests, tests, {
  broken: [
    ["test/a.test.ts", "await new Promise((done) => setTimeout(done, 100));"],
    ["test/a.test.ts", 'import { setTimeout as delay } from "node:timers/promises"; await delay(5);'],
    ["test/a.test.ts", 'import { scheduler } from "node:timers/promises"; await scheduler.wait(5);'],
  ],
  fine: [
    ["test/a.test.ts", "// not a sleep: the moment of the kill\nsetTimeout(kill, 3);"],
    ["test/support/wait-until.ts", "setTimeout(done, 10);"],
    ["test/a.test.ts", "const signal = AbortSignal.timeout(5);"],
  ],
});

holds("no test runs alone", exclusiveTests, tests, {
  broken: [
    ["test/a.test.ts", 't.only("x", f);'],
    ["test/a.test.ts", 't.test("x", { only: true }, f);'],
  ],
  fine: [["test/a.test.ts", "const only = row.only;"]],
});
