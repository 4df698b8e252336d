/**
 * Plays many random sequences of commit mode against the service and the reference model: the long form of
 * test/acceptance/model/reference-model.test.ts. Prints the seed, the counts and how often each answer was given.
 *
 *   npm run soak                         20,000 sequences
 *   npm run soak -- 100000               so many
 *   npm run soak -- 20000 --seed=4711    the same sequences again
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const test = fileURLToPath(new URL("../test/acceptance/model/reference-model.test.ts", import.meta.url));
const words = process.argv.slice(2);
const count = words.find((word) => !word.startsWith("--")) ?? "20000";
const seed = words.find((word) => word.startsWith("--seed="));

if (!/^[1-9]\d{0,8}$/.test(count) || (seed !== undefined && !/^--seed=\d{1,10}$/.test(seed))) {
  console.error("usage: npm run soak -- [count] [--seed=N]");
  process.exit(2);
}

const { status } = spawnSync(process.execPath, [test, `--sequences=${count}`, ...(seed === undefined ? [] : [seed])], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
