import process from "node:process";
import { Option, type Command } from "commander";
import type { Connect } from "./approvals.ts";
import { secondsOf } from "./changes.ts";
import { appended } from "./decisions.ts";
import { type Told, Dispatcher, dispatchOn } from "./dispatcher.ts";
import { harmless, jsonText, plain, said } from "./terminal.ts";
import { Interrupted } from "./usage.ts";

interface DispatchOptions {
  readonly watch?: boolean;
  readonly action: readonly string[];
  readonly dryRun?: boolean;
  readonly interval: number;
}

/** A dispatcher, ready to run (APR-7): as many as one likes, since the service mints each grant once. */
export function addDispatchCommand(program: Command, connect: Connect): void {
  program
    .command("dispatch")
    .description(
      "execute what is approved, the oldest first, signed with SYNC_SECRET; exit 1 when something was refused",
    )
    .option("--watch", "go on until it is stopped")
    .addOption(new Option("--once", "look once; so it is without --watch").conflicts("watch"))
    .option("--action <code>", "requests of this action alone; again for each", appended, [])
    .option("--dry-run", "say what would happen, and change nothing")
    .option("--interval <seconds>", "how often to look with --watch", secondsOf, 5)
    .action(async ({ watch, action, dryRun, interval }: DispatchOptions) => {
      const { client, syncSecret } = connect("dispatcher");
      const stop = new Stop();
      const report = new Report(program.opts<{ json?: boolean }>().json === true);
      const orders = { client, secret: syncSecret(), actions: action, dryRun: dryRun === true };
      const dispatcher = new Dispatcher({ ...orders, tell: (told) => report.tell(told), stop: stop.signal });
      try {
        if (watch === true) {
          const lost = (error: Error, seconds: number): void => report.lost(error, seconds);
          await dispatchOn(dispatcher, { everySeconds: interval, stop: stop.signal, lost });
        } else if ((await dispatcher.round()) > 0) process.exitCode = 1;
      } finally {
        stop.forget();
        report.end();
      }
      if (stop.by === "SIGINT") throw new Interrupted("stopped; what was begun is finished");
    });
}

/** Ctrl-C and SIGTERM let what was begun be finished; a second one does not. */
class Stop {
  readonly #controller = new AbortController();
  by: "SIGINT" | "SIGTERM" | undefined;
  readonly #leave = (signal: NodeJS.Signals): void => {
    this.by = signal === "SIGINT" ? signal : "SIGTERM";
    this.forget();
    this.#controller.abort();
  };

  constructor() {
    process.once("SIGINT", this.#leave);
    process.once("SIGTERM", this.#leave);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  forget(): void {
    process.removeListener("SIGINT", this.#leave);
    process.removeListener("SIGTERM", this.#leave);
  }
}

/** A line for each request on standard output; what is about none of them, on standard error. */
class Report {
  readonly #json: boolean;
  readonly #counts = new Map<string, number>();

  constructor(json: boolean) {
    this.#json = json;
  }

  tell(told: Told): void {
    this.#counts.set(told.outcome, (this.#counts.get(told.outcome) ?? 0) + 1);
    const at = new Date().toISOString();
    const { apr_code: code, outcome, auth_code: auth, result, again_in_seconds: again } = told;
    const later = again === null ? "" : ` (again in ${Math.ceil(again)} s)`;
    const line = said`${at}  ${outcome.padEnd(10)}  ${code}  ${auth ?? result}${later}`;
    process.stdout.write(this.#json ? `${jsonText({ at, ...told })}\n` : `${harmless(line)}\n`);
  }

  lost(error: Error, seconds: number): void {
    process.stderr.write(`countersign: ${plain(error.message)}; looking again in ${seconds.toFixed(1)} s\n`);
  }

  end(): void {
    const counted = [...this.#counts].map(([outcome, count]) => `${count} ${outcome}`);
    process.stderr.write(`countersign: ${counted.join(", ") || "nothing to execute"}\n`);
  }
}
