/**
 * Runs the benchmarks, one process each, one after the other, so that none disturbs the next.
 *
 *   npm run bench                     all of them: the files directly in bench/
 *   npm run bench -- consume start    only those whose name contains one of the words
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL("../bench/", import.meta.url);
const words = process.argv.slice(2);
const files = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => entry.name)
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .toSorted();

if (files.length === 0) {
  console.error("no benchmark matches");
  process.exit(2);
}

for (const name of files) {
  console.log(`# ${name}`);
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(name, folder))], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
