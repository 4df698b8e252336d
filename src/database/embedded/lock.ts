import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { EmbeddedProblem } from "./problems.ts";

const pollMs = 10;
const waitLimitMs = 300_000;

type Release = () => Promise<void>;

/**
 * Runs `work` while no other process (and no other caller in this one) does the same for this directory. The kernel
 * holds the lock, so a killed process leaves none behind: a socket name without a file on Linux, a pipe name on
 * Windows, an exclusively locked open file elsewhere.
 * @throws EmbeddedProblem EMBEDDED_BUSY after five minutes
 */
export async function withDirectoryLock<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const release = await acquire(directory);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquire(directory: string): Promise<Release> {
  const attempt = await lockOf(directory);
  const deadline = Date.now() + waitLimitMs;
  for (;;) {
    const release = await attempt();
    if (release !== undefined) return release;
    if (Date.now() > deadline)
      throw new EmbeddedProblem(
        "EMBEDDED_BUSY",
        `Another process has been starting or stopping ${directory} for too long.`,
      );
    await delay(pollMs);
  }
}

async function lockOf(directory: string): Promise<() => Promise<Release | undefined>> {
  const { dev, ino } = await stat(directory, { bigint: true });
  const name = `countersign-postgres-${dev}-${ino}`;
  if (process.platform === "linux") return () => listenOn(`\0${name}`);
  if (process.platform === "win32") return () => listenOn(`\\\\.\\pipe\\${name}`);
  return () => lockFile(path.join(directory, "postgres.lock"));
}

function listenOn(name: string): Promise<Release | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(name, () => resolve(promisify(server.close.bind(server))));
  });
}

/** O_EXLOCK of macOS and the BSDs, which Node does not name: open and flock in one step. */
const exclusiveLock = 0x20;

async function lockFile(file: string): Promise<Release | undefined> {
  try {
    const held = await open(file, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | exclusiveLock, 0o600);
    return () => held.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
    throw error;
  }
}
