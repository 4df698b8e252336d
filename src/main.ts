import closeWithGrace from "close-with-grace";
import { ensureConsole } from "./bootstrap/console.ts";
import { ConfigurationError, readConfig } from "./config.ts";
import { serve } from "./serve.ts";

/** Starts the service and stays until it is told to stop. Exit 2: the configuration is refused; 1: it cannot start. */
export async function main(): Promise<void> {
  try {
    const config = readConfig();
    const [running, consoleFault] = await Promise.all([serve(config), ensureConsole()]);
    closeWithGrace({ delay: config.shutdownGraceMs }, ({ err }) => {
      // What nobody has caught ends the process: it is not to end without a word.
      if (err !== undefined) process.stderr.write(`countersign ends: ${err.stack ?? err.message}\n`);
      return running.close();
    });
    if (consoleFault !== undefined) process.stderr.write(`countersign: ${consoleFault}\n`);
    const credentials =
      running.credentialsFile === undefined
        ? "tokens: countersign token create"
        : `credentials: ${running.credentialsFile}`;
    process.stdout.write(
      `countersign is at ${running.url} · console: ${running.url}/console/ · documentation: ${running.url}/docs · ${credentials}\n`,
    );
  } catch (error) {
    process.stderr.write(`countersign: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ConfigurationError ? 2 : 1;
  }
}

await main();
