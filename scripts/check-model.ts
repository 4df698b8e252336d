/**
 * Has spin check the formal model of lease, consume, crash and resume (docs/model/): whole it must hold, and with any one
 * thing taken away spin must find a counter-example. `npm run model`.
 *
 *   npm run model                  all of it, a few minutes
 *   npm run model -- --short       with smaller numbers, as the test does
 *   npm run model -- fence         the variants whose name has the word
 *   npm run model -- --show        with the counter-examples, step by step
 *   npm run model -- --reach       whether each alternative in the model can be come to, instead
 */
import { neverReached } from "./model/reach.ts";
import { check, missingTools, type Outcome } from "./model/spin.ts";
import { switchesOf, variants } from "./model/variants.ts";

const words = process.argv.slice(2);
const wanted = words.filter((word) => !word.startsWith("--"));
const unknown = words.filter((word) => word.startsWith("--") && !["--short", "--show", "--reach"].includes(word));
const inShort = words.includes("--short");
const chosen = variants.filter(({ name }) => wanted.every((word) => name.includes(word)));

if (unknown.length > 0 || chosen.length === 0) {
  console.error("usage: npm run model -- [word …] [--short] [--show] [--reach]");
  process.exit(2);
}
const missing = await missingTools();
if (missing !== undefined) {
  console.error(`The model cannot be checked: ${missing}`);
  process.exit(2);
}

if (words.includes("--reach")) {
  const never = await neverReached((line, where) => console.log(`line ${line}: ${where ?? "NEVER REACHED"}`));
  console.log(`# ${never.length} alternatives that nothing comes to`);
  process.exit(never.length > 0 ? 1 : 0);
}

const outcomes: Outcome[] = [];
console.log(row(["variant", "switches", "expected", "found", "states", "depth", "MB", "s"]));
console.log(row(Array.from({ length: 8 }, () => "---")));
for (const variant of chosen) {
  const outcome = await check(variant, inShort);
  outcomes.push(outcome);
  const { expected } = variant;
  console.log(
    row([
      variant.name,
      switchesOf(variant, inShort).join(" "),
      expected === "holds" ? "holds" : `breaks ${expected.breaks}`,
      outcome.wrong === undefined ? (outcome.violated ?? "holds") : `WRONG: ${outcome.wrong}`,
      outcome.states.toLocaleString("en"),
      String(outcome.depth),
      outcome.megabytes.toFixed(0),
      outcome.seconds.toFixed(1),
    ]),
  );
}

if (words.includes("--show")) {
  for (const { variant, steps, violated } of outcomes.filter((one) => one.violated !== undefined)) {
    console.log(`\n${variant.name}:\n${[...steps, `VIOLATED ${violated}`].map((step) => `  ${step}`).join("\n")}`);
  }
}

const failed = outcomes.filter((one) => one.wrong !== undefined);
console.log(`# ${outcomes.length - failed.length} as expected, ${failed.length} not`);
if (failed.length > 0) process.exitCode = 1;

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
