import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import { spawnNode, startedWith } from "../support/started.ts";
import type { Reply, Request } from "./cli-host.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const host = fileURLToPath(new URL("cli-host.ts", import.meta.url));
const groups =
  "action-type apr audit build completion council decision dispatch doctor grant hold key lease lifecycle plan profile recover rehearsal run scope token webhook".split(
    " ",
  );
const started = new Set<string>();
const free: ChildProcess[] = [];

/**
 * Runs the command. The first of each group of commands in a file is a process of its own, as people start it; those after
 * it share one, which is a third of a second less for each.
 */
export async function runCli(t: Test, env: Readonly<Record<string, string>>, ...args: string[]) {
  const group = args.find((word) => groups.includes(word)) ?? "";
  const whole = startedWith({ DATA_DIR: t.testdirName, NO_COLOR: "1", ...env });
  const alone = !started.has(group);
  started.add(group);
  const ended = alone ? await runAlone(t, { args, env: whole }) : await runShared({ args, env: whole });
  return { ...ended, json: () => JSON.parse(ended.stdout) as Record<string, unknown> };
}

async function runAlone(t: Test, { args, env }: Request) {
  const child = spawnNode([main, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  t.teardown(() => void child.kill("SIGKILL"));
  const exit = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
  });
  const { stdout: out, stderr: err } = child;
  if (out === null || err === null) throw new Error("the command has no output");
  const [stdout, stderr, code] = await Promise.all([text(out), text(err), exit]);
  return { stdout, stderr, code };
}

/** Commands that run at the same time get a process each. */
async function runShared(request: Request): Promise<Reply> {
  const child = free.pop() ?? fork(host, { stdio: ["ignore", "ignore", "inherit", "ipc"], env: startedWith() });
  child.ref();
  child.channel?.ref();
  const answered = new AbortController();
  const { signal } = answered;
  const failed = once(child, "exit", { signal }).then(([code]) => {
    throw new Error(`the process of the commands ended with ${String(code)}: ${request.args.join(" ")}`);
  });
  const replied = once(child, "message", { signal }) as Promise<[Reply]>;
  child.send(request);
  const [reply] = await Promise.race([replied, failed]);
  answered.abort();
  // It ends with this process, which does not wait for it.
  child.unref();
  child.channel?.unref();
  free.push(child);
  return reply;
}
