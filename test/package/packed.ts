import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Owner } from "../support/service.ts";
import { startedWith } from "../support/started.ts";
import { localRegistry } from "./registry.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end. */
export function run(command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
  return new Promise<Ran>((resolve, reject) => {
    // What the test runner has every Node load does not belong into what is tested here, and it puts that into whatever is started.
    const child = spawn("env", ["-u", "NODE_OPTIONS", command, ...args], { cwd, env: startedWith(env) });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

/** The same for what has to succeed. @throws Error with what it printed */
export async function expectRun(...asked: Parameters<typeof run>): Promise<string> {
  const { code, out, err } = await run(...asked);
  if (code !== 0) throw new Error(`${asked[0]} ${asked[1].join(" ")} ended with ${code}\n${out}\n${err}`);
  return out;
}

export async function temporaryFolder(t: Owner): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-package-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What npm does not look up on this machine, so that it is the same on each. */
const npmAlone = (home: string): Record<string, string> => ({
  HOME: home,
  npm_config_cache: path.join(home, "cache"),
  npm_config_userconfig: path.join(home, "npmrc"),
  npm_config_globalconfig: path.join(home, "npmrc-global"),
  npm_config_update_notifier: "false",
  npm_config_audit: "false",
  npm_config_fund: "false",
  npm_config_ignore_scripts: "true",
});

export interface Packed {
  readonly tarball: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** Builds the package from the sources and packs it, beside the checkout: what is built in the checkout may be older. */
export async function pack(t: Owner): Promise<Packed> {
  const folder = await temporaryFolder(t);
  const manifest = JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as { files: readonly string[] };
  const copied = [...manifest.files.filter((entry) => entry !== "dist/"), "package.json", "README.md", "LICENSE"];
  for (const entry of copied) await cp(path.join(root, entry), path.join(folder, entry), { recursive: true });
  const tsc = path.join(root, "node_modules/.bin/tsc");
  await expectRun(tsc, ["-p", path.join(root, "tsconfig.build.json"), "--outDir", path.join(folder, "dist")], root);
  const answer = await expectRun("npm", ["pack", "--json", "--offline"], folder, npmAlone(folder));
  const [packed] = JSON.parse(answer) as [{ filename: string; files: Packed["files"] }];
  return { tarball: path.join(folder, packed.filename), files: packed.files };
}

/** An empty project with nothing but the package and what that needs, as npm installs it. */
export async function install(
  t: Owner,
  tarball: string,
): Promise<{ readonly project: string; readonly served: string[] }> {
  const project = await temporaryFolder(t);
  const home = await temporaryFolder(t);
  const registry = await localRegistry(t, root);
  await writeFile(path.join(project, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
  await expectRun("npm", ["install", "--omit=optional", "--registry", registry.url, tarball], project, npmAlone(home));
  return { project, served: registry.served };
}

/** Puts files into a project. */
export async function write(project: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(project, name)), { recursive: true });
    await writeFile(path.join(project, name), text);
  }
}

/** The compilers that a user may have: each checks the same. */
export const compilers = ["node_modules/.bin/tsc", "node_modules/.bin/tsc6"].map((name) => path.join(root, name));
export const node = process.execPath;
