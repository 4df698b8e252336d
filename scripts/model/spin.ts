/** Runs spin on the model: translate, compile, search, and replay what was found. No shell, and a directory of its own. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { switchesOf, type Variant } from "./variants.ts";

export interface Outcome {
  readonly variant: Variant;
  /** Why it is not as expected; undefined where it is. */
  readonly wrong?: string | undefined;
  /** The property that the counter-example is to, in the model's words. */
  readonly violated?: string | undefined;
  readonly states: number;
  readonly depth: number;
  readonly megabytes: number;
  /** Of the search, without translating and compiling. */
  readonly seconds: number;
  /** What happens in the counter-example, up to the violation. */
  readonly steps: readonly string[];
}

const model = fileURLToPath(new URL("../../docs/model/consume.pml", import.meta.url));
const megabytesAllowed = 2_048;
const secondsAllowed = 300;

/** What is missing to run the model here, with what to install; undefined where nothing is. */
export async function missingTools(): Promise<string | undefined> {
  const missing: string[] = [];
  for (const [tool, asked] of [
    ["spin", "-V"],
    ["gcc", "--version"],
  ] as const) {
    await run(tool, [asked], tmpdir()).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      missing.push(tool);
    });
  }
  if (missing.length === 0) return undefined;
  return `${missing.join(" and ")} not found; on Debian and Ubuntu: apt-get install spin gcc`;
}

/** The text of the model. */
export function readModel(): Promise<string> {
  return readFile(model, "utf8");
}

/**
 * Searches one variant.
 * @param text of the model, where it is not to be the one that is there
 * @throws Error where spin or the compiler fails
 */
export async function check(variant: Variant, inShort: boolean, text?: string): Promise<Outcome> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-model-"));
  try {
    await writeFile(join(directory, "consume.pml"), text ?? (await readModel()));
    const switches = switchesOf(variant, inShort).map((one) => `-D${one}`);
    await succeed("spin", ["-a", ...switches, "consume.pml"], directory);
    await succeed("gcc", [...compilerOptions(variant, inShort), "-o", "pan", "pan.c"], directory);
    const began = performance.now();
    const found = await run(join(directory, "pan"), searchOptions(variant), directory);
    const seconds = (performance.now() - began) / 1_000;
    const replayed = /errors: [1-9]/.test(found.output)
      ? await succeed("spin", ["-t", "-k", "consume.pml.trail", ...switches, "consume.pml"], directory)
      : "";
    return read(variant, found, replayed, seconds);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function compilerOptions({ search }: Variant, inShort: boolean): string[] {
  // Where few states are searched, the compiler's time is the longer one.
  const speed = inShort ? "-O1" : "-O2";
  const memory = `-DMEMLIM=${megabytesAllowed}`;
  switch (search) {
    case "all":
      return [speed, "-DSAFETY", memory];
    case "any":
      return ["-O0", "-DSAFETY", memory];
    case "shortest":
      return ["-O0", "-DSAFETY", "-DBFS", memory];
    // Without a label that says progress, every cycle is one of non-progress.
    case "cycles":
      return [speed, "-DNP", memory];
  }
}

function searchOptions({ search }: Variant): string[] {
  switch (search) {
    case "all":
    case "any":
      return ["-m10000"];
    case "shortest":
      return [];
    case "cycles":
      return ["-m10000", "-l"];
  }
}

function read(variant: Variant, found: Ended, replayed: string, seconds: number): Outcome {
  const { output } = found;
  const steps = replayed
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("spin: "));
  const end = steps.findIndex((line) => line.startsWith("VIOLATED "));
  const violated = end < 0 ? undefined : steps[end]?.slice("VIOLATED ".length);
  return {
    variant,
    wrong: wrong(variant, found, violated),
    violated,
    states: number(output, /([\d.e+]+) states, stored/),
    depth: number(output, /depth reached (\d+)/),
    megabytes: number(output, /([\d.]+)\s+total actual memory usage/),
    seconds,
    steps: steps.slice(0, end < 0 ? 0 : end),
  };
}

function wrong({ expected }: Variant, { output, status }: Ended, violated: string | undefined): string | undefined {
  const errors = /errors: (\d+)/.exec(output)?.[1];
  if (errors === undefined) return `the search ended with ${status} and no result:\n${output.slice(-400)}`;
  if (expected === "holds") {
    if (errors !== "0") return `a counter-example: ${violated ?? /pan:1: (.*)/.exec(output)?.[1] ?? "unknown"}`;
    return /Search not completed|max search depth too small|out of memory/.test(output)
      ? "the search did not come to its end"
      : undefined;
  }
  if (errors === "0") return "no counter-example was found";
  return violated?.startsWith(`${expected.breaks}:`) === true
    ? undefined
    : `another counter-example than to ${expected.breaks}: ${violated ?? "unknown"}`;
}

function number(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? Number.NaN);
}

interface Ended {
  readonly status: string;
  readonly output: string;
}

async function succeed(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { status, output } = await run(program, args, cwd);
  // spin reports a syntax error and goes on, with exit code 0 in some versions.
  if (status === "0" && !/Error: (?!.*assert)/.test(output)) return output;
  throw new Error(`${program} ${args.join(" ")} ended with ${status}:\n${output.slice(-2_000)}`);
}

function run(program: string, args: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // Not its option `timeout`: that timer keeps the process where the program is not there.
    const signal = AbortSignal.timeout(secondsAllowed * 1_000);
    const child = spawn(program, args, { cwd, signal, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", reject);
    child.on("close", (code, killed) => resolve({ status: killed ?? String(code), output }));
  });
}
