import process from "node:process";
import { styleText } from "node:util";
import type { Client } from "../client/index.ts";
import { plain, type Shown } from "./output.ts";

type RunView = Awaited<ReturnType<Client["readRun"]>>;
type Watched = ReturnType<Client["watchRun"]> extends AsyncGenerator<infer Event> ? Event : never;

const marks: Readonly<Record<string, string>> = { ok: "✓", failed: "✗", running: "…", pending: "·" };
const colours = { ok: "green", failed: "red", running: "yellow", pending: "dim" } as const;

/** One line of progress, for a log. */
export function line(event: Watched): string {
  const attempt = event.attempt !== null && event.attempt > 1 ? ` (attempt ${event.attempt})` : "";
  const detail = Object.keys(event.detail as object).length === 0 ? "" : `  ${JSON.stringify(event.detail)}`;
  return plain(
    `${event.occurred_at}  ${event.event}${event.state === null ? "" : ` ${event.state}`}${attempt}${detail}`,
  );
}

/** The run as a list of its states, for a screen. */
export function board(run: RunView): string {
  const width = Math.max(...run.states.map(({ name }) => name.length));
  const states = run.states.map((state) => {
    const took = state.duration_ms === null ? "" : `${state.duration_ms} ms`;
    const again = state.attempts > 1 ? `, attempt ${state.attempts}` : "";
    const why = state.error === null || state.status === "ok" ? "" : `  ${state.error.code}: ${state.error.detail}`;
    const mark = styleText(colours[state.status], marks[state.status] ?? "?", { stream: process.stdout });
    return `${mark} ${state.state} ${state.name.padEnd(width)}  ${took}${again}${plain(why)}`.trimEnd();
  });
  const undone = run.compensations.map((one) => `↩ ${one.compensation}  ${one.status}, for ${one.state}`);
  return [...states, ...undone].join("\n");
}

/** What became of a run, in a sentence. */
export function verdict(run: RunView): string {
  const where = run.stop_state === null ? "" : ` in ${run.stop_state}`;
  const why = run.error === null ? "" : `: ${run.error.code}: ${run.error.detail}`;
  const shown =
    run.rehearsal === null
      ? ""
      : `\nrehearsal ${run.rehearsal.rehearsal_ref} ${run.rehearsal.passed ? "passed" : "did not pass"}`;
  return plain(`${run.idempotency_root} is ${run.status}${where}${why}`) + shown;
}

/**
 * A part of the screen that is written over and over. Nothing is written where the output is no terminal.
 * @param out the terminal
 */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #height = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show(text: string): void {
    const up = this.#height === 0 ? "" : `\u001b[${this.#height}F`;
    this.#out.write(
      `${up}${text
        .split("\n")
        .map((row) => `\u001b[2K${row}`)
        .join("\n")}\n`,
    );
    this.#height = text.split("\n").length;
  }
}

/**
 * Follows a run to its end: a list of states on a terminal, a line an event elsewhere (as JSON with `--json`). Interrupted,
 * it leaves the run going and says so.
 * @param last what is said at the end
 */
export async function follow(client: Client, root: string, json: boolean, last = verdict): Promise<Shown> {
  const left = new AbortController();
  const leave = (): void => left.abort();
  process.once("SIGINT", leave);
  const screen = process.stdout.isTTY && !json ? new Screen(process.stdout) : undefined;
  try {
    for await (const event of client.watchRun(root, { signal: left.signal })) {
      if (screen === undefined) process.stdout.write(`${json ? JSON.stringify(event) : line(event)}\n`);
      else screen.show(board(await client.readRun(root)));
    }
  } catch (error) {
    if (!left.signal.aborted) throw error;
    const value = await client.readRun(root);
    return { value, text: `${root} goes on without you; countersign run watch ${root}`, code: 1 };
  } finally {
    process.removeListener("SIGINT", leave);
  }
  const value = await client.readRun(root);
  screen?.show(board(value));
  return { value, text: last(value), code: value.status === "succeeded" ? 0 : 1 };
}
