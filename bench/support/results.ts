import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";

/** What the figures were measured on: none says anything without it. */
export function machine(): Record<string, string> {
  const [cpu] = os.cpus();
  return {
    cpu: `${os.cpus().length} x ${cpu?.model.trim() ?? "unknown"}`,
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    load: os
      .loadavg()
      .map((value) => value.toFixed(2))
      .join(" "),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    commit: commit(),
  };
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The median of the samples and how far they lie apart. @throws Error without samples */
export function spread(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const [least, median, most] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  if (least === undefined || median === undefined || most === undefined) throw new Error("no samples");
  return { median, least, most };
}

/** Prints the figures with what they were measured on, and keeps them in `bench/results/<name>.json`. */
export function report(name: string, versions: Record<string, string>, rows: readonly object[]): void {
  const about = { ...machine(), ...versions };
  console.table(about);
  console.table(rows);
  const folder = new URL("../results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const content = { name, at: new Date().toISOString(), about, rows };
  writeFileSync(fileURLToPath(new URL(`${name}.json`, folder)), `${JSON.stringify(content, null, 2)}\n`);
}
