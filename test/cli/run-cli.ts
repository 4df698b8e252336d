import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** Runs the command as a process of its own. */
export async function runCli(t: Test, env: Readonly<Record<string, string>>, ...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", DATA_DIR: t.testdirName, NO_COLOR: "1", ...env },
  });
  t.teardown(() => void child.kill("SIGKILL"));
  const exit = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
  });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { stdout, stderr, code, json: () => JSON.parse(stdout) as Record<string, unknown> };
}
