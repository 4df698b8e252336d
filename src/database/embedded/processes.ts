import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";

/** What tells a process from a later one with the same id. `start` is empty where the system does not say. */
export interface ProcessStamp {
  readonly pid: number;
  readonly start: string;
}

/** The stamp of this process. */
export function ownStamp(): ProcessStamp {
  return { pid: process.pid, start: startOf(process.pid) };
}

/** Whether the very process of the stamp still lives; a zombie does not. */
export function isAlive(stamp: ProcessStamp): boolean {
  if (!isRunning(stamp.pid)) return false;
  return stamp.start === "" || startOf(stamp.pid) === stamp.start;
}

/** Whether some process has this id and is more than a zombie. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return statFields(pid)?.[0] !== "Z";
}

/**
 * Whether the process is a postmaster of this directory. A postmaster's working directory is its data directory;
 * where that cannot be seen, its command line names it, and on Windows a living process is taken for it.
 */
export function servesDirectory(pid: number, directory: string): boolean {
  if (!isRunning(pid)) return false;
  if (process.platform === "win32") return true;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === directory;
  } catch {
    const listed = spawnSync("ps", ["-p", String(pid), "-o", "command="], { encoding: "utf8" });
    return (listed.stdout ?? "").includes(directory);
  }
}

function startOf(pid: number): string {
  return statFields(pid)?.[19] ?? "";
}

/** The fields of /proc/<pid>/stat from the third (the state) on: the second, the name, may contain spaces. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
