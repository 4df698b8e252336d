import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import process from "node:process";

/** What a program needs of this process's environment to run at all, and what makes each start of it short. */
const passed = ["PATH", "NODE_COMPILE_CACHE", "NODE_DISABLE_COMPILE_CACHE"];

/**
 * The environment that a test starts a program of this repository in: nothing of its own but where programs are and where
 * their compiled sources are kept, as most of the time of a start goes into reading TypeScript.
 */
export function startedWith(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const from = (name: string): [string, string][] => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  };
  return { PATH: "", ...Object.fromEntries(passed.flatMap(from)), ...more };
}

/**
 * Starts Node in just that environment. The test runner would have every process load what follows it, which without
 * coverage is of no use and costs a third of a start. It does so by NODE_OPTIONS: a shell sets that back, and becomes Node.
 */
export function spawnNode(
  args: readonly string[],
  options: SpawnOptions & { readonly env: Readonly<Record<string, string>> },
): ChildProcess {
  if (process.platform === "win32" || process.env["_TAPJS_PROCESSINFO_COVERAGE_"] !== "0")
    return spawn(process.execPath, args, options);
  const own = options.env["NODE_OPTIONS"];
  const restore = own === undefined ? "unset NODE_OPTIONS" : 'export NODE_OPTIONS="$0"';
  return spawn("/bin/sh", ["-c", `${restore}; exec "$@"`, own ?? "sh", process.execPath, ...args], options);
}
