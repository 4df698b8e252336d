/**
 * Runs commands one after the other in this process, for whoever started it: each with its own arguments, environment and
 * output, as if it had been started by itself. What a command imports is read once.
 */
import process from "node:process";

export interface Request {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

const main = new URL("../../src/cli/main.ts", import.meta.url);
const [node = "", file = ""] = process.argv;
let commands = 0;

async function perform({ args, env }: Request): Promise<Reply> {
  const said = { stdout: "", stderr: "" };
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.argv = [node, file, ...args];
  process.exitCode = 0;
  for (const stream of ["stdout", "stderr"] as const) {
    process[stream].write = (text: string | Uint8Array): boolean => {
      said[stream] += String(text);
      return true;
    };
  }
  // The program runs as it is imported, and it is another module each time.
  commands += 1;
  await import(`${main.href}?command=${commands}`);
  return { ...said, code: process.exitCode };
}

process.on("message", (request: Request) => {
  void perform(request).then((reply) => process.send?.(reply));
});
process.once("disconnect", () => process.exit());
