import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { programEnvironment } from "../config.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const builder = "scripts/build-console.ts";
/** What the console is made of. */
const sources = ["src/console", "src/client", "src/kernel", builder, "package-lock.json"];
const longestBuildMs = 60_000;

/**
 * Builds the console where this is a checkout whose sources are newer than what was built. What stands in the way of it does
 * not keep a service from starting: the page says then how to build it.
 *
 * @returns what went wrong, undefined where nothing did
 */
export async function ensureConsole(): Promise<string | undefined> {
  const possible = [builder, "src/console/main.ts", "node_modules/esbuild"].every((part) => existsSync(at(part)));
  if (!possible || !(await isConsoleStale())) return undefined;
  return runBuilder();
}

function runBuilder(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [at(builder), "--quiet"], {
      cwd: root,
      env: programEnvironment(),
      stdio: ["ignore", "ignore", "pipe"],
      timeout: longestBuildMs,
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4_000)));
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code) => resolve(code === 0 ? undefined : said.trim() || `it ended with ${code}`));
  });
}

/** Whether a source is newer than the page that was built, or nothing was. */
export async function isConsoleStale(): Promise<boolean> {
  const built = await stat(at("dist/console/index.html")).catch(() => undefined);
  if (built === undefined) return true;
  for (const source of sources) if ((await newest(at(source))) > built.mtimeMs) return true;
  return false;
}

/** When the file, or what is in the folder, was last written; 0 where there is none. */
async function newest(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  // A folder is as new as its last entry that came or went.
  const times = await Promise.all((await readdir(file)).map((name) => newest(path.join(file, name))));
  return Math.max(found.mtimeMs, ...times);
}

function at(part: string): string {
  return path.join(root, part);
}
