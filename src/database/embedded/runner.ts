import { type ChildProcess, spawn, spawnSync, type StdioOptions } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import type { Binaries } from "./binaries.ts";
import { EmbeddedProblem } from "./problems.ts";

/** As whom the server's programs run: PostgreSQL refuses to be root. */
export interface Runner {
  /** For the log: "the current user", "user 101", … */
  readonly description: string;
  /** Whom the cluster directory must belong to, if not to us. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** A command that runs the rest of its arguments. */
  readonly prefix: readonly string[];
}

interface Chosen {
  readonly runner: Runner;
  /** As PostgreSQL prints it, e.g. "18.4". */
  readonly version: string;
}

const currentUser: Runner = { description: "the current user", owner: undefined, prefix: [] };

/**
 * Lets us appear as somebody else while the kernel still takes us for ourselves at the file system: for root where
 * no unprivileged user can reach the place (a checkout in root's home), and for a user without an account.
 */
function insideNamespace(appearance: Account): Runner {
  const prefix = ["unshare", "--user", `--map-user=${appearance.uid}`, `--map-group=${appearance.gid}`, "--"];
  return { description: "ourselves in a user namespace", owner: undefined, prefix };
}

/** Starts one of the programs as the runner. */
export function startProgram(
  runner: Runner,
  binaries: Binaries,
  program: string,
  args: readonly string[],
  options: { readonly stdio: StdioOptions; readonly detached?: boolean; readonly cwd: string },
): ChildProcess {
  const [command, ...rest] = [...runner.prefix, program, ...args] as [string, ...string[]];
  return spawn(command, rest, { ...options, ...runner.owner, env: { ...binaries.env } });
}

/**
 * Finds someone who may both run the binaries and enter the data directory, by trying.
 * @param cluster the cluster's directory if it exists: then its owner decides
 * @throws EmbeddedProblem EMBEDDED_UNUSABLE, DATA_DIR_FOREIGN
 */
export async function chooseRunner(binaries: Binaries, dataDir: string, cluster: string | undefined): Promise<Chosen> {
  const failures: string[] = [];
  for (const runner of await candidates(dataDir, cluster)) {
    const tried = tryRunner(runner, binaries, cluster ?? dataDir);
    if (tried.version !== undefined) return { runner, version: tried.version };
    failures.push(`as ${runner.description}: ${tried.failure}`);
  }
  const who = process.getuid?.() === 0 ? "PostgreSQL does not run as root, and nobody else can run it here. " : "";
  throw new EmbeddedProblem(
    "EMBEDDED_UNUSABLE",
    `${who}Tried ${binaries.postgres} with data in ${dataDir}; ${failures.join("; ")}. Set DATA_DIR to a directory that an unprivileged user can reach.`,
  );
}

async function candidates(dataDir: string, cluster: string | undefined): Promise<Runner[]> {
  const own = process.getuid?.();
  if (own === undefined) return [currentUser];
  const known = await accounts();
  const appearance =
    known.find(({ name }) => name === "postgres") ?? known.find(({ name }) => name === "nobody") ?? nobody;
  const owner = cluster === undefined ? undefined : await stat(cluster);
  if (own !== 0) {
    if (owner !== undefined && owner.uid !== own) {
      throw new EmbeddedProblem(
        "DATA_DIR_FOREIGN",
        `${cluster} belongs to user ${owner.uid}, and this is user ${own}.`,
      );
    }
    return owner === undefined && !hasAccount() ? [insideNamespace(appearance)] : [currentUser];
  }
  if (owner !== undefined) return [owner.uid === 0 ? insideNamespace(appearance) : asUser(owner)];
  const { uid } = await stat(dataDir);
  const user = uid === 0 ? undefined : known.find((account) => account.uid === uid);
  return [asUser(user ?? appearance), insideNamespace(appearance)];
}

function asUser({ uid, gid }: { readonly uid: number; readonly gid: number }): Runner {
  return { description: `user ${uid}`, owner: { uid, gid }, prefix: [] };
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const nobody: Account = { name: "nobody", uid: 65_534, gid: 65_534 };

/** initdb refuses users without an account, so only those listed are of use. */
async function accounts(): Promise<Account[]> {
  const lines = (await readFile("/etc/passwd", "utf8").catch(() => ""))
    .split("\n")
    .filter((line) => line.includes(":"));
  return lines.map((line) => {
    const [name = "", , uid, gid] = line.split(":");
    return { name, uid: Number(uid), gid: Number(gid) };
  });
}

function hasAccount(): boolean {
  try {
    return userInfo().username !== "";
  } catch {
    return false;
  }
}

/** Asks for the version, which needs the binary and its libraries, after entering the directory. */
function tryRunner(runner: Runner, binaries: Binaries, directory: string): { version?: string; failure?: string } {
  const unix = ["/bin/sh", "-c", 'cd "$1" && exec "$2" --version', "sh", directory, binaries.postgres];
  const command = process.platform === "win32" ? [binaries.postgres, "--version"] : unix;
  const [file, ...args] = [...runner.prefix, ...command] as [string, ...string[]];
  const ran = spawnSync(file, args, { encoding: "utf8", cwd: directory, env: { ...binaries.env }, ...runner.owner });
  const version = /\(PostgreSQL\) (\d+[^\s]*)/.exec(ran.stdout ?? "")?.[1];
  if (version !== undefined) return { version };
  return { failure: ran.error?.message ?? (ran.stderr || `exit status ${ran.status}`).trim() };
}
