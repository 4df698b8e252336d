import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath, pathToFileURL } from "node:url";
import t, { type Test } from "tap";

const bin = fileURLToPath(new URL("../../bin/", import.meta.url));
const programs = ["countersign.js", "pinned-node.js"];
const sources = Object.fromEntries(programs.map((name) => [name, readFileSync(join(bin, name), "utf8")]));
const posix = { skip: process.platform === "win32" && "signals and links of POSIX" };

/** A command that says how it was started, then ends as its first argument says. */
const entry = `
  const [how, ...more]: string[] = process.argv.slice(2);
  console.log(JSON.stringify({ more, node: process.versions.node, main: import.meta.main }));
  if (how === "exit") process.exitCode = Number(more[0]);
  if (how === "wait") {
    process.once("SIGTERM", () => { console.log("drained"); clearInterval(timer); process.exitCode = 7; });
    const timer = setInterval(() => {}, 1000);
    console.log("ready");
  }
  if (how === "die") process.kill(process.pid, "SIGKILL");
`;

/** Makes the Node that loads it look like an older one. */
const older = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.0.0" } });`;

function checkout(t: Test, how: { pinnedNode: boolean }): string {
  const root = t.testdir({
    "package.json": '{ "type": "module" }',
    bin: {},
    src: { cli: { "main.ts": entry } },
    dist: { cli: { "main.js": 'console.log("built");' } },
    "older.mjs": older,
  });
  for (const name of programs) copyFileSync(join(bin, name), join(root, "bin", name));
  if (how.pinnedNode) {
    for (const name of [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`]) {
      mkdirSync(join(root, "node_modules", name, "bin"), { recursive: true });
      symlinkSync(process.execPath, join(root, "node_modules", name, "bin/node"));
    }
  }
  return root;
}

function start(root: string, options: { older: boolean }, ...args: string[]) {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const load = options.older ? ["--import", pathToFileURL(join(root, "older.mjs")).href] : [];
  return spawn(process.execPath, [...load, join(root, "bin/countersign.js"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env,
  });
}

async function ended(child: ReturnType<typeof start>) {
  const closed = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
  return { stdout, stderr, code, signal };
}

for (const old of [false, true]) {
  const under = old ? "under an older Node" : "under Node 24";

  t.test(`arguments go in and the exit code comes out, ${under}`, posix, async (t) => {
    const root = checkout(t, { pinnedNode: true });
    const { stdout, code } = await ended(start(root, { older: old }, "exit", "5", "--json", "a b"));
    t.strictSame(JSON.parse(stdout), { more: ["5", "--json", "a b"], node: process.versions.node, main: true });
    t.equal(code, 5);
  });

  t.test(`a signal reaches the command, which ends as it likes, ${under}`, posix, async (t) => {
    const child = start(checkout(t, { pinnedNode: true }), { older: old }, "wait");
    t.teardown(() => child.kill("SIGKILL"));
    child.stdout.once("data", function wait(chunk: Buffer) {
      if (String(chunk).includes("ready")) child.kill("SIGTERM");
      else child.stdout.once("data", wait);
    });
    const { stdout, code } = await ended(child);
    t.match(stdout, /drained/);
    t.equal(code, 7);
  });

  t.test(`a command that a signal ended is seen to have ended so, ${under}`, posix, async (t) => {
    const { code, signal } = await ended(start(checkout(t, { pinnedNode: true }), { older: old }, "die"));
    t.strictSame({ code, signal }, { code: null, signal: "SIGKILL" });
  });
}

t.test("an older Node without the pinned one is told what to do", posix, async (t) => {
  const { code, stderr } = await ended(start(checkout(t, { pinnedNode: false }), { older: true }, "exit", "0"));
  t.equal(code, 1);
  t.match(stderr, /needs Node 24, this is 20\.0\.0.*npm ci/);
});

t.test("without sources what was built runs, without either the reason is said", posix, async (t) => {
  const built = t.testdir({
    "package.json": '{ "type": "module" }',
    bin: sources,
    dist: { cli: { "main.js": 'console.log("built");' } },
  });
  t.equal((await ended(start(built, { older: false }))).stdout, "built\n");
  const bare = t.testdir({
    "package.json": '{ "type": "module" }',
    bin: sources,
  });
  const { code, stderr } = await ended(start(bare, { older: false }));
  t.equal(code, 1);
  t.match(stderr, /npm run build/);
});
