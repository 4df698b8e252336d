/**
 * The long form of tests that play only a part of what they could. Each prints its seed, its counts and how long it took.
 *
 * Random sequences of commit mode against the service and the reference model (test/acceptance/model/):
 *
 *   npm run soak                         20,000 sequences
 *   npm run soak -- 100000               so many
 *   npm run soak -- 20000 --seed=4711    the same sequences again
 *
 * Build runs, steps of plans and an enactment killed at every statement, connections cut at every statement, the target's
 * PostgreSQL killed, processes that fight over one run, and every hostile step (test/acceptance/runs/, plans/, lifecycle/):
 *
 *   npm run soak -- crash                all of it, with another seed each time
 *   npm run soak -- crash --seed=4711
 *
 * Ten thousand random bodies at each route that takes one (test/acceptance/bad-input/):
 *
 *   npm run soak -- bodies
 *
 * Processes that seal the audit log, killed sixty times while fifty others write (test/evidence/processes.test.ts):
 *
 *   npm run soak -- log
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const words = process.argv.slice(2);
const what = words.find((word) => !word.startsWith("--")) ?? "20000";
const seeds = words.filter((word) => word.startsWith("--seed="));

if (!/^([1-9]\d{0,8}|crash|bodies|log)$/.test(what) || seeds.some((seed) => !/^--seed=\d{1,10}$/.test(seed))) {
  console.error("usage: npm run soak -- [count | crash | bodies | log] [--seed=N]");
  process.exit(2);
}

const parts: Readonly<Record<string, readonly string[]>> = {
  crash: [
    "runs/crash.test.ts",
    "runs/target-killed.test.ts",
    "runs/fight.test.ts",
    "plans/crash.test.ts",
    "plans/target-killed.test.ts",
    "plans/zombies.test.ts",
    "plans/hostile.test.ts",
    "lifecycle/crash.test.ts",
  ],
  bodies: ["bad-input/properties.test.ts"],
  log: ["../evidence/processes.test.ts"],
};
const tests = parts[what] ?? ["model/reference-model.test.ts"];
const form = what in parts ? "--full" : `--sequences=${what}`;

for (const test of tests) {
  const file = fileURLToPath(new URL(`../test/acceptance/${test}`, import.meta.url));
  const { status } = spawnSync(process.execPath, [file, form, ...seeds], { stdio: "inherit" });
  if (status !== 0) process.exitCode = status ?? 1;
}
