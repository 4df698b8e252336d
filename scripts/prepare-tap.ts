/**
 * tap builds its Test class for a set of plugins and ships one for its own defaults. package.json drops a plugin (Node
 * runs the TypeScript by itself), so the class is built again once after each install: a few seconds, no network.
 * Left to itself tap does the same, but runs that first time with the old set, and fails.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const packages = new URL("../node_modules/", import.meta.url);
const built = readFileSync(new URL("@tapjs/test/test-built/dist/esm/index.js", packages), "utf8");

if (built.includes('"@tapjs/typescript"')) {
  const tap = fileURLToPath(new URL("tap/dist/esm/run.mjs", packages));
  const { status } = spawnSync(process.execPath, [tap, "build"], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}
