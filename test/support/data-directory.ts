import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { Test } from "tap";
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from "../../src/database/embedded/index.ts";
import { findPostmaster, stopPostmaster } from "../../src/database/embedded/postmaster.ts";

/** An empty data directory; at teardown whatever server runs there is stopped and all is removed. */
export async function newDataDirectory(t: Test, parent = os.tmpdir()): Promise<string> {
  const directory = await realpath(await mkdtemp(path.join(parent, "countersign-embedded-")));
  await chmod(directory, 0o711);
  t.teardown(async () => {
    await stopPostmaster(path.join(directory, "postgres"), () => Promise.reject(new Error("not asked for here")));
    await rm(directory, { recursive: true, force: true });
  });
  return directory;
}

/** The server of the directory, left at the test's end. What it logs can be read. */
export async function start(
  t: Test,
  dataDir: string,
  more: Partial<EmbeddedOptions> = {},
): Promise<EmbeddedServer & { readonly messages: string[] }> {
  const messages: string[] = [];
  const server = await startEmbedded({
    dataDir,
    settings: { fsync: "off" },
    log: (message) => messages.push(message),
    ...more,
  });
  t.teardown(() => server.stop());
  return { ...server, messages };
}

/** Runs one statement on a connection of its own. */
export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

export async function postmasterOf(dataDir: string): Promise<number | undefined> {
  return (await findPostmaster(path.join(dataDir, "postgres")))?.pid;
}

export interface UserProcess {
  readonly child: ChildProcess;
  readonly port: number;
  readonly password: string;
  readonly postmaster: number;
  kill(): Promise<void>;
  leave(): Promise<number | null>;
}

/** Another process that uses the server of the directory. */
export async function startUser(t: Test, dataDir: string): Promise<UserProcess> {
  const script = fileURLToPath(new URL("embedded-user.ts", import.meta.url));
  const child = spawn(process.execPath, [script, dataDir], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const end = async (act: () => void): Promise<number | null> => {
    act();
    await ended;
    return child.exitCode;
  };
  const kill = async (): Promise<void> => void (await end(() => child.kill("SIGKILL")));
  t.teardown(kill);
  const [line] = (await Promise.race([once(createInterface(child.stdout), "line"), ended.then(() => [undefined])])) as [
    string | undefined,
  ];
  if (line === undefined) throw new Error("The user process ended early.");
  const said = JSON.parse(line) as Pick<UserProcess, "port" | "password" | "postmaster">;
  return { child, ...said, kill, leave: () => end(() => child.stdin.end()) };
}

/** Waits for a condition, looking every few milliseconds. */
export async function eventually(condition: () => Promise<boolean>, limitMs = 15_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("The condition did not come about in time.");
    await delay(10);
  }
}
