import type pg from "pg";
import { type Place, readEnd } from "../fingerprint.ts";
import { ask } from "../runs.ts";

/** What an enactment has left: in the control database as of any run, and in the target. */
export interface EnactmentEnd {
  readonly control: {
    readonly run: { readonly status: string; readonly stop_state: string | null; readonly error: unknown };
    readonly grant: readonly [status: string, consumed: boolean, evidence: unknown];
    readonly receipts: readonly unknown[] | null;
    readonly consumed_events: number;
    readonly leases: number;
    readonly leases_held: number;
    readonly open_states: number;
    readonly events_gapless: boolean;
    readonly ends: readonly string[] | null;
  };
  readonly target: {
    readonly marked: { readonly markers: readonly unknown[] | null } | "never touched";
    readonly log: readonly LogLine[];
    /** Of the units of ICX-CONST: unit and anchor as they are. */
    readonly units: readonly { readonly canonical_address: string; readonly unit: string; readonly version: string }[];
    /** Every other row of the units, versions and configuration, by digest, with how many they are. */
    readonly rest: Rest;
  };
}

export interface LogLine {
  readonly canonical_address: string;
  readonly uv_id: string;
  readonly transition_type: string;
  readonly run_ref: string | null;
  readonly [column: string]: unknown;
}

/** What no enactment of ICX-CONST may touch. */
export interface Rest {
  readonly units: number;
  readonly versions: number;
  readonly digest: string;
}

const controlQuery = `SELECT (SELECT count(*)::integer FROM dot_iu_runtime_lease) AS leases`;

type Marked = "never touched" | { readonly outbox: readonly (readonly [string, string, object])[] | null };

/** The ids of the log are an identity's: a transaction that did not come through uses them up all the same. */
function withoutIds({ marked, ...others }: { readonly marked: Marked }): object {
  if (marked === "never touched") return { ...others, marked };
  const outbox = marked.outbox?.map(([direction, state, event]) => {
    const { first_log_id: _, last_log_id: __, ...kept } = event as Record<string, unknown>;
    return [direction, state, kept];
  });
  return { ...others, marked: { ...marked, outbox } };
}

const logQuery = `
  SELECT to_jsonb(l) - 'log_id' - 'created_at' AS line FROM public.iu_lifecycle_log l
   ORDER BY l.canonical_address COLLATE "C", l.transition_type, l.log_id`;

const unitsQuery = `
  SELECT u.canonical_address, u.lifecycle_status AS unit, v.lifecycle_status AS version
    FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref
   WHERE u.canonical_address LIKE 'ICX-CONST/%' ORDER BY u.canonical_address COLLATE "C"`;

const restQuery = `
  WITH units AS (SELECT * FROM public.information_unit WHERE canonical_address NOT LIKE 'ICX-CONST/%'),
       versions AS (SELECT v.* FROM public.unit_version v WHERE NOT EXISTS (
         SELECT FROM public.information_unit u WHERE u.canonical_address LIKE 'ICX-CONST/%' AND u.version_anchor_ref = v.id)),
       kept AS (SELECT to_jsonb(u) - 'lifecycle_status' - 'updated_at' AS unit, to_jsonb(v) - 'lifecycle_status' - 'enacted_at' AS version
                  FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref
                 WHERE u.canonical_address LIKE 'ICX-CONST/%')
  SELECT (SELECT count(*)::integer FROM units) AS units, (SELECT count(*)::integer FROM versions) AS versions,
         (SELECT encode(sha256(convert_to(string_agg(r, E'\\n' ORDER BY r COLLATE "C"), 'UTF8')), 'hex') FROM (
            SELECT to_jsonb(u)::text AS r FROM units u
            UNION ALL SELECT to_jsonb(v)::text FROM versions v
            UNION ALL SELECT to_jsonb(k)::text FROM kept k
            UNION ALL SELECT to_jsonb(c)::text FROM public.dot_config c
            UNION ALL SELECT to_jsonb(w)::text FROM public.iu_lifecycle_vocab w
            UNION ALL SELECT to_jsonb(d)::text FROM cutter_governance.review_decision d
            UNION ALL SELECT to_jsonb(s)::text FROM cutter_governance.cut_change_set s
            UNION ALL SELECT to_jsonb(b)::text FROM public.birth_registry b) AS rows) AS digest`;

/** How all that the run is not about stands. @param url of the target, as superuser */
export async function readRest(url: string): Promise<Rest> {
  const [rest] = await ask<Rest>(url, restQuery);
  if (rest === undefined) throw new Error("nothing was read");
  return rest;
}

/** All of an enactment's end that must be the same whatever became of the processes that worked on it. */
export async function readEnactmentEnd(place: Place): Promise<{ control: unknown; target: unknown }> {
  const { control, target } = await readEnd(place);
  const lines = await ask<{ line: LogLine }>(place.targetUrl, logQuery);
  return {
    control: { ...(control as object), ...(await first(place.control, controlQuery)) },
    target: {
      ...withoutIds(target as { marked: Marked }),
      log: lines.map(({ line }) => line),
      units: await ask(place.targetUrl, unitsQuery),
      rest: await readRest(place.targetUrl),
    },
  };
}

async function first(client: pg.Client, text: string): Promise<object> {
  return (await client.query<object & pg.QueryResultRow>(text)).rows[0] ?? {};
}

/** A named stop is a state's own compensation, with the reason on record. */
const stops = ["ABORT", "ABORT_NO_LEASE", "COMP_ENACTMENT", "CONTRADICTION", "COMP_FINALIZE"];

/**
 * What is wrong with the end of an enactment of all 60; empty where nothing is (LIFE-6).
 * @param before how all that it is not about stood when it was started
 */
export function faultsOfEnactment(end: EnactmentEnd, root: string, before: Rest): string[] {
  const { control, target } = end;
  const { log, units, rest, marked } = target;
  const enacted = units.filter((one) => one.unit === "enacted" && one.version === "enacted").length;
  const markers = marked === "never touched" ? 0 : (marked.markers?.length ?? 0);
  const faults: Record<string, boolean> = {
    [`the log has ${log.length} rows`]: log.length !== 60,
    "a row of the log is not the run's": log.some((line) => line.run_ref !== root || line.transition_type !== "enact"),
    "a version is twice in the log": new Set(log.map((line) => line.uv_id)).size !== log.length,
    "the log is not about the 60": new Set(log.map((line) => line.canonical_address)).size !== 60,
    [`${units.length} units, of which ${enacted} are enacted`]: units.length !== 60 || enacted !== 60,
    [`${rest.units} other units`]: rest.units !== 98,
    [`${rest.versions} other versions`]: rest.versions !== 105,
    "something else is another": rest.digest !== before.digest,
    [`the grant was burned ${control.consumed_events} times`]: control.consumed_events !== 1,
    [`${control.receipts?.length ?? 0} receipts`]: control.receipts?.length !== 1,
    [`the grant is ${control.grant[0]}`]: control.grant[0] !== "consumed",
    [`${control.leases} leases, ${control.leases_held} held`]: control.leases !== 1 || control.leases_held !== 0,
    [`${markers} markers`]: markers !== 1,
    "a state is open": control.open_states !== 0,
    "an event is missing": !control.events_gapless,
    [`the run has ${control.ends?.length ?? 0} ends`]: control.ends?.length !== 1,
    [`the run is ${control.run.status}, ${control.run.stop_state}: ${JSON.stringify(control.run.error)}`]:
      control.run.status !== "succeeded" &&
      !(control.run.status === "stopped" && stops.includes(control.run.stop_state ?? "")),
  };
  return Object.keys(faults).filter((fault) => faults[fault]);
}
