/**
 * Every check but the tests, one after the other; a failing one does not hide the next. `npm run check`.
 */
import { spawnSync } from "node:child_process";

const steps = ["format:check", "lint", "types", "layers", "drift", "lint:openapi"];

const failed: string[] = [];
for (const step of steps) {
  const began = performance.now();
  const { status } = spawnSync("npm", ["run", "--silent", step], {
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`# ${step}: ${status === 0 ? "ok" : "FAILED"} (${seconds} s)`);
  if (status !== 0) failed.push(step);
}

if (failed.length > 0) {
  console.error(`# check failed: ${failed.join(", ")}`);
  process.exitCode = 1;
}
