import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { readConfig } from "../../src/config.ts";
import { serve } from "../../src/serve.ts";
import { startedWith } from "./started.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const missing = ["bash", "curl", "openssl"].filter((name) => spawnSync(name, ["--version"]).error !== undefined);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One shell for all blocks, as a reader has it; a line between them says where one ends. */
async function runShell(script: string, environment: Readonly<Record<string, string>>): Promise<Ended> {
  // What the test runner has each Node process load is of no use to those of a page, of which there are a hundred.
  const child = spawn("bash", ["-euo", "pipefail", "-c", `unset NODE_OPTIONS\n${script}`], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: startedWith({ PATH: `${path.dirname(process.execPath)}:${process.env["PATH"]}`, ...environment }),
  });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.toArray().then((parts: Buffer[]) => Buffer.concat(parts).toString()),
    child.stderr.toArray().then((parts: Buffer[]) => Buffer.concat(parts).toString()),
    new Promise<number | null>((resolve) => {
      child.once("exit", resolve);
    }),
  ]);
  return { code, stdout, stderr };
}

/**
 * A test that runs every bash block of a page, in order and in one shell, against a service that has just been set up,
 * and compares what each prints with the lines that begin with `# =>`.
 * @param page its path in the repository
 * @param least how many blocks there are at least
 * @param seconds how long it may take
 * @param served false: the page starts the service by itself
 */
export function walkThrough(title: string, page: string, least: number, seconds = 120, served = true): void {
  t.test(title, { skip: missing.length > 0 && `lacks ${missing.join()}`, timeout: seconds * 1_000 }, async (t) => {
    const dataDir = realpathSync(mkdtempSync(path.join(os.tmpdir(), "countersign-page-")));
    chmodSync(dataDir, 0o711);
    t.teardown(() => rmSync(dataDir, { recursive: true, force: true }));
    if (served) {
      const running = await serve(readConfig({ DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "fatal" }));
      // Teardowns run last in, first out: the service ends before its data goes.
      t.teardown(() => running.close());
    }

    const blocks = [...readFileSync(path.join(root, page), "utf8").matchAll(/^```bash\n(.*?)^```$/gms)].map(
      ([, block = ""]) => block,
    );
    t.ok(blocks.length >= least, "the blocks are there");
    const mark = "--- end of block ---";
    const script = blocks.map((block) => `${block}echo "${mark}"\n`).join("");
    const ended = await runShell(script, { DATA_DIR: dataDir, TMPDIR: dataDir });
    t.equal(ended.code, 0, ended.stderr);
    const outputs = ended.stdout.split(`${mark}\n`);
    for (const [index, block] of blocks.entries()) {
      const expected = [...block.matchAll(/^# => (.*)$/gm)].map(([, line = ""]) => line);
      const printed = (outputs[index] ?? "").trimEnd().split("\n");
      t.ok(expected.length > 0, `block ${index + 1} says what it expects`);
      t.same(
        printed.map((line) => line.replace(/^\[ '(.*)' \]$/, "$1")),
        expected,
        `block ${index + 1} prints what it says`,
      );
    }
  });
}
