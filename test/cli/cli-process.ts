import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import { spawnNode, startedWith } from "../support/started.ts";

export const cliMain = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** A command that is under way. */
export interface Started {
  readonly child: ChildProcess;
  /** What it has written so far, both streams in the order in which it came. */
  readonly said: () => string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits for something to be written. @throws Error when the command ends without it */
  readonly until: (wanted: RegExp) => Promise<void>;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** Starts a command and does not wait for it. It is killed with the test. */
export function startCli(t: Test, env: Readonly<Record<string, string>>, ...args: string[]): Started {
  const whole = startedWith({ DATA_DIR: t.testdirName, ...env });
  return follow(t, spawnNode([cliMain, ...args], { stdio: ["pipe", "pipe", "pipe"], env: whole }));
}

/** Why nothing can be run under a pseudo-terminal here, or false: util-linux's `script` makes them. */
export const noTerminal =
  spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") === true
    ? false
    : "there is no util-linux script on this machine";

const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The same under a pseudo-terminal, whose keyboard is the process' standard input. */
export function startInTerminal(
  t: Test,
  env: Readonly<Record<string, string>>,
  size: { readonly columns: number; readonly rows: number },
  ...args: string[]
): Started {
  const command = [process.execPath, cliMain, ...args].map(shellWord).join(" ");
  const inside = `stty cols ${size.columns} rows ${size.rows}; unset NODE_OPTIONS; exec ${command}`;
  const whole = startedWith({ DATA_DIR: t.testdirName, TERM: "xterm-256color", SHELL: "/bin/sh", ...env });
  const child = spawn("script", ["-q", "-e", "-f", "-c", inside, "/dev/null"], { env: whole, stdio: "pipe" });
  return follow(t, child);
}

/** What a process writes, and how it ends. */
export function follow(t: Test, child: ChildProcess): Started {
  t.teardown(() => void child.kill("SIGKILL"));
  const written = { stdout: "", stderr: "", both: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
      written.both += text;
    });
  }
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null);
  const until = async (wanted: RegExp): Promise<void> => {
    const over = new AbortController();
    const end = ended.then(() => over.abort());
    while (!wanted.test(written.both)) {
      if (over.signal.aborted) throw new Error(`it ended without ${String(wanted)}: ${written.both}`);
      const { stdout, stderr } = child;
      if (stdout === null || stderr === null) throw new Error("it has no output");
      const more = new AbortController();
      const piece = { signal: more.signal };
      await Promise.race([once(stdout, "data", piece), once(stderr, "data", piece), end]).finally(() => more.abort());
    }
  };
  return {
    child,
    said: () => written.both,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    until,
    ended,
  };
}
