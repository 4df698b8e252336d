import process from "node:process";
import type { Client } from "../client/index.ts";
import { untilInterrupted } from "./interruption.ts";
import type { Shown } from "./output.ts";
import { Screen } from "./screen.ts";
import { jsonText, padded, plain, styled, widthOf } from "./terminal.ts";

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
  const width = Math.max(...run.states.map(({ name }) => widthOf(plain(name))));
  const states = run.states.map((state) => {
    const took = state.duration_ms === null ? "" : `${state.duration_ms} ms`;
    const again = state.attempts > 1 ? `, attempt ${state.attempts}` : "";
    const why = state.error === null || state.status === "ok" ? "" : `  ${state.error.code}: ${state.error.detail}`;
    const mark = styled(colours[state.status], marks[state.status] ?? "?");
    return `${mark} ${plain(state.state)} ${padded(plain(state.name), width)}  ${took}${again}${plain(why)}`.trimEnd();
  });
  const undone = run.compensations.map((one) => plain(`↩ ${one.compensation}  ${one.status}, for ${one.state}`));
  return [...states, ...undone].join("\n");
}

/** What became of a run, in a sentence. */
export function verdict(run: RunView): string {
  const where = run.stop_state === null ? "" : ` in ${run.stop_state}`;
  const why = run.error === null ? "" : `: ${run.error.code}: ${run.error.detail}`;
  const shown =
    run.rehearsal === null
      ? ""
      : `\n${plain(`rehearsal ${run.rehearsal.rehearsal_ref} ${run.rehearsal.passed ? "passed" : "did not pass"}`)}`;
  return plain(`${run.idempotency_root} is ${run.status}${where}${why}`) + shown;
}

/**
 * Follows a run to its end: a list of states on a terminal, a line an event elsewhere (as JSON with `--json`). Interrupted,
 * it leaves the run going and says so.
 * @param last what is said at the end
 * @throws Interrupted on Ctrl-C
 */
export function follow(client: Client, root: string, json: boolean, last = verdict): Promise<Shown> {
  const screen = process.stdout.isTTY === true && !json ? new Screen(process.stdout) : undefined;
  return untilInterrupted(async (signal) => {
    for await (const event of client.runEvents(root, { signal })) {
      if (screen === undefined) process.stdout.write(`${json ? jsonText(event) : line(event)}\n`);
      else screen.show(board(await client.readRun(root, { signal })));
    }
    const value = await client.readRun(root, { signal });
    screen?.show(board(value));
    return { value, text: last(value), code: value.status === "succeeded" ? 0 : 1, compact: true };
  }, `${root} goes on without you; countersign run watch ${root}`);
}
