import process from "node:process";
import type { Command } from "commander";
import { NotSent } from "../client/index.ts";
import { curlText, noteOfMore } from "./curl.ts";
import { makeProgram } from "./program.ts";
import { reportOf } from "./report.ts";

/** Whoever reads has enough (`| head -1`): there is nobody to tell anything more. */
function endWithReader(): void {
  if (process.stdout.listenerCount("error") > 0) return;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? (process.exitCode ?? 0) : 1);
  });
}

async function start(): Promise<void> {
  endWithReader();
  const program = makeProgram();
  let called: Command = program;
  program.hook("preAction", (_, command) => {
    called = command;
  });
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof NotSent) {
      process.stdout.write(`${curlText(error.request)}\n`);
      const note = noteOfMore(called, error.request);
      if (note !== undefined) process.stderr.write(`countersign: ${note}\n`);
      return;
    }
    const { text, code } = reportOf(error);
    if (text !== "") process.stderr.write(`${text}\n`);
    process.exitCode = code;
  }
}

await start();
