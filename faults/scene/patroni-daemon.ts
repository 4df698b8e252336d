import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import process from "node:process";
import { NotHere } from "./place.ts";

export interface Programs {
  readonly patroni: string;
  readonly etcd: string;
  /** PostgreSQL's own. */
  readonly binaries: string;
}

const versions = "/usr/lib/postgresql";

/** Where Debian's packages put the programs. @throws NotHere naming what is missing */
export function findPrograms(): Programs {
  const [patroni, etcd] = ["/usr/bin/patroni", "/usr/bin/etcd"] as const;
  const missing: string[] = [patroni, etcd].filter((file) => !existsSync(file));
  const numbers = existsSync(versions) ? readdirSync(versions).map(Number).filter(Number.isInteger) : [];
  const binaries = path.join(versions, String(Math.max(0, ...numbers)), "bin");
  if (!existsSync(path.join(binaries, "postgres"))) missing.push(path.join(versions, "*/bin/postgres"));
  if (missing.length > 0)
    throw new NotHere(`it takes the packages patroni, etcd-server and postgresql: no ${missing.join(", ")}`);
  return { patroni, etcd, binaries };
}

/** Whom the servers run as: PostgreSQL refuses root. Undefined for this process's own user. @throws NotHere */
export function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, , uid, gid] = /^postgres:.*$/m.exec(readFileSync("/etc/passwd", "utf8"))?.[0].split(":") ?? [];
  if (uid === undefined || gid === undefined)
    throw new NotHere("PostgreSQL does not run as root, and there is no user postgres");
  return { uid: Number(uid), gid: Number(gid) };
}

/** Lets the servers' user have a file or a folder. */
export function giveAway(file: string): void {
  const user = serverUser();
  if (user !== undefined) chownSync(file, user.uid, user.gid);
}

/** A program that runs until it is killed, as the servers' user. */
export class Daemon {
  readonly #command: readonly string[];
  readonly #folder: string;
  readonly #log: string;
  #child: ChildProcess | undefined;

  constructor(command: readonly string[], folder: string, log: string) {
    this.#command = command;
    this.#folder = folder;
    this.#log = log;
  }

  /** Unless it runs. */
  start(): void {
    if (this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) return;
    const log = openSync(this.#log, "a", 0o600);
    const [program = "", ...args] = this.#command;
    const env = { PATH: "/usr/bin:/bin", LC_ALL: "C", HOME: this.#folder };
    this.#child = spawn(program, args, { stdio: ["ignore", log, log], cwd: this.#folder, env, ...serverUser() });
    this.#child.on("error", () => undefined);
    closeSync(log);
  }

  /** SIGKILL, and gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }
}

/** A TCP port that nobody listens on just now. */
export function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
