import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** What the processors did meanwhile, in microseconds: under noise it says more than the time that went by. */
export interface Spent {
  /** This process: every contender works in it. */
  readonly here: number;
  /** The PostgreSQL server with all that it has started and that still runs. */
  readonly server: number;
}

/** Microseconds of one tick of /proc. */
const tick = 10_000;

/** @returns how much was spent since it was called */
export function spending(): () => Spent {
  const [here, server] = [process.cpuUsage(), serverTicks()];
  return () => {
    const { user, system } = process.cpuUsage(here);
    return { here: user + system, server: (serverTicks() - server) * tick };
  };
}

/** The ticks of all processes that were started by a postgres of ours: its backends, and its writers. */
function serverTicks(): number {
  let ticks = 0;
  for (const { name, parent, spent } of processes()) {
    if (name === "postgres" && parent === postmaster) ticks += spent;
  }
  return ticks;
}

let postmaster = 0;

/** Says which server is measured: the embedded one of this directory. */
export function measureServer(dataDir: string): void {
  const [pid] = readFileSync(path.join(dataDir, "postgres", "postmaster.pid"), "utf8").split("\n");
  postmaster = Number(pid);
}

function* processes(): Generator<{ name: string; parent: number; spent: number }> {
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = statOf(entry);
    const [, name, rest = ""] = /\((.*)\) (.*)/.exec(stat) ?? [];
    const fields = rest.split(" ");
    // man proc_pid_stat: ppid is the 4th, utime and stime are the 14th and 15th; the first two were taken off.
    yield { name: name ?? "", parent: Number(fields[1]), spent: Number(fields[11]) + Number(fields[12]) };
  }
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
