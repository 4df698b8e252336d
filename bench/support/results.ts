import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import type { Compared, Comparison, Sample } from "./comparison.ts";
import { draw, type Plot } from "./plot.ts";

export { type Asked, Comparison, type Sample } from "./comparison.ts";
export { compare, figure, type Ratio, ratioText, refusal, type Spread, spread } from "./noise.ts";
export type { Plot, Point, Series } from "./plot.ts";
export { inRounds } from "./rounds.ts";
export { packageVersion, programVersion, serverVersion } from "./versions.ts";

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
  const git = (...words: string[]): string =>
    execFileSync("git", words, { encoding: "utf8", cwd: import.meta.dirname }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
    return `${git("rev-parse", "--short", "HEAD")}${changed ? " and changes" : ""}`;
  } catch {
    return "unknown";
  }
}

// The load that others put on the machine is what it was before the bench put its own.
const before = os.loadavg()[0] ?? 0;

/** What the rows were made of: the pictures, every sample, and the ratios as numbers. A `Comparison` is made into it by `evidence`. */
export interface Evidence {
  readonly plots?: readonly Plot[];
  readonly samples?: readonly Sample[];
  readonly ratios?: readonly Compared[];
}

/** What comparisons leave in the file of results, and draw. */
export function evidence(...comparisons: readonly Comparison[]): Evidence {
  return {
    plots: comparisons.flatMap((one) => one.plots()),
    samples: comparisons.flatMap((one) => one.samples()),
    ratios: comparisons.flatMap((one) => one.ratios()),
  };
}

/**
 * Prints the figures with what they were measured on, keeps them in `bench/results/<name>.json`, and draws them in
 * `bench/results/<name>.svg`.
 */
export function report(
  name: string,
  versions: Readonly<Record<string, string>>,
  rows: readonly object[],
  { plots = [], ...more }: Evidence = {},
): void {
  const about = { ...machine(), "load before": before.toFixed(2), ...versions };
  console.table(about);
  console.table(rows);
  const folder = new URL("../results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const picture = new URL(`${name}.svg`, folder);
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify({ name, at, about, rows, ...more }, null, 2)}\n`);
  if (plots.length > 0) writeFileSync(picture, draw({ title: name, about: [subtitle(about), at], plots }));
  else rmSync(picture, { force: true });
}

function subtitle(about: Readonly<Record<string, string>>): string {
  const words = ["cpu", "memory", "system", "node", "postgresql", "commit"].flatMap((name) => {
    const value = about[name];
    if (value === undefined) return [];
    return [name === "commit" || name === "postgresql" ? `${name} ${value}` : value];
  });
  return words.join(" · ");
}
