import path from "node:path";
import pg from "pg";
import type { Test } from "tap";
import { provision, targetDatabase } from "../../../src/database/embedded/index.ts";
import { eventually, newDataDirectory, start } from "../../support/data-directory.ts";
import { installPlan } from "../../support/lifecycle.ts";
import { planFile } from "../../support/plans.ts";
import { ask } from "../../support/runs.ts";

/** One answer of the detector; `session_id` is null where it says only where to go on. */
export interface Refusal {
  readonly file: string;
  readonly next_position: string;
  readonly session_id: string | null;
  readonly line_num: string;
  readonly at: Date;
  readonly role: string;
  readonly application_name: string;
  readonly remote_host: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly statement_sha256: string | null;
  readonly operation: string;
  readonly object: string;
}

export interface Watched {
  readonly url: string;
  readonly superUrl: string;
  readonly logs: string;
}

/** A server of this test's own that keeps the log which the detector reads, with the units and the roll-out in it. */
export async function watchedServer(t: Test): Promise<Watched> {
  const dataDir = await newDataDirectory(t);
  const settings = {
    fsync: "off",
    logging_collector: "on",
    log_destination: "jsonlog",
    log_filename: "units-%Y%m%d%H%M%S.log",
    log_timezone: "Asia/Ho_Chi_Minh",
  };
  const server = await start(t, dataDir, { settings });
  const { targetUrl } = await provision(server);
  const superUrl = server.url(targetDatabase);
  await ask(superUrl, await planFile("fixtures/lifecycle.sql"));
  await ask(superUrl, `GRANT directus TO countersign_target; GRANT CONNECT ON DATABASE ${targetDatabase} TO PUBLIC`);
  await installPlan({ url: targetUrl }, "lifecycle-enactment.yaml");
  await ask(superUrl, await planFile("fixtures/lifecycle-detector.sql"));
  return { url: targetUrl, superUrl, logs: path.join(dataDir, "postgres", "log") };
}

export interface Place {
  file: string | null;
  position: string;
}

export function look({ url }: Pick<Watched, "url">, place: Place): Promise<Refusal[]> {
  return ask<Refusal>(url, "SELECT * FROM public.fn_iu_refused_writes($1, $2)", [place.file, place.position]);
}

/** Reads on from a place to where the log ends, and moves the place there. */
export async function drain(watched: Pick<Watched, "url">, place: Place): Promise<Refusal[]> {
  const found: Refusal[] = [];
  for (;;) {
    const rows = await look(watched, place);
    const last = rows.at(-1);
    if (last === undefined || last.session_id !== null) throw new Error("The last row must say where to go on.");
    found.push(...rows.slice(0, -1));
    if (last.file === place.file && last.next_position === place.position) return found;
    place.file = last.file;
    place.position = last.next_position;
  }
}

let marks = 0;

/** What the log has from a place on up to now: the server writes it a little later than it refuses. */
export async function refusalsSoFar(watched: Watched, place: Place): Promise<Refusal[]> {
  const mark = `mark-${(marks += 1)}`;
  await attempt(watched.superUrl, "DELETE FROM public.unit_version", mark);
  const found: Refusal[] = [];
  await eventually(async () => {
    found.push(...(await drain(watched, place)));
    return found.some((one) => one.application_name === mark);
  });
  return found.filter((one) => one.application_name !== mark);
}

/** Runs one statement under a name; answers the SQLSTATE that it was refused with, or "" where it was not. */
export async function attempt(url: string, statement: string, application_name = "attempt"): Promise<string> {
  const client = new pg.Client({ connectionString: url, application_name });
  await client.connect();
  try {
    await client.query(statement);
    return "";
  } catch (error) {
    return error instanceof pg.DatabaseError ? (error.code ?? "") : String(error);
  } finally {
    await client.end();
  }
}
