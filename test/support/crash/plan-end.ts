import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type pg from "pg";
import { type Place, readEnd } from "../fingerprint.ts";
import { ask } from "../runs.ts";

/** What a step is at its end: in the control database, in the target, and in the files of its backup. */
export interface StepEnd {
  readonly control: {
    readonly run: { readonly status: string; readonly stop_state: string | null; readonly error: unknown };
    readonly leases_held: number;
    readonly open_states: number;
    readonly events_gapless: boolean;
    readonly ends: readonly string[];
    readonly record: { readonly status: string; readonly by: string | null; readonly burned: number } | null;
    readonly ledger: readonly { readonly act: string; readonly outcome: string; readonly idempotency_root: string }[];
  };
  readonly target: {
    readonly marked: unknown;
    readonly parcels: readonly unknown[] | null;
    readonly register: readonly unknown[];
    readonly backups: readonly string[];
  };
}

const recordQuery = `
  SELECT jsonb_build_object(
    'record', (SELECT jsonb_build_object('status', a.status, 'by', a.idempotency_root, 'consumed', a.consumed_by, 'burned',
                 (SELECT count(*) FROM audit_events e WHERE e.resource_id = a.approval_code AND e.action = 'proposal_approval.consumed'))
                 FROM os_proposal_approvals a WHERE a.approval_code = $1),
    'records', (SELECT jsonb_agg(a.act || ' ' || a.status ORDER BY a.act) FROM os_proposal_approvals a),
    'ledger', (SELECT jsonb_agg(to_jsonb(l) - 'recorded_at' ORDER BY l.seq) FROM plan_ledger l)) AS found`;

/** All of a step's end that must be the same whatever became of the processes that worked on it. */
export async function readStepEnd(place: Place, backups: string): Promise<{ control: unknown; target: unknown }> {
  const { control, target } = await readEnd(place);
  const { rows } = await place.control.query<{ found: object }>(recordQuery, [place.authCode]);
  const there = await readEffect(place.targetUrl);
  return {
    control: { ...(control as object), ...rows[0]?.found },
    target: { ...(target as object), ...there, backups: await readBackups(place.control, backups) },
  };
}

async function readEffect(url: string): Promise<object> {
  const [is] = await ask<{ there: boolean }>(url, "SELECT to_regclass('public.parcel') IS NOT NULL AS there");
  const all = (table: string): Promise<object[]> =>
    ask(url, `SELECT to_jsonb(r) AS row FROM public.${table} r ORDER BY 1`);
  return { parcels: is?.there === true ? await all("parcel") : null, register: await all("register") };
}

interface Backups {
  readonly directory: string;
  readonly tables: readonly { readonly table: string; readonly file: string; readonly digest: string }[];
}

/** Each file of each backup on record, whether it is what the record says, and whatever else lies beside it. */
async function readBackups(control: pg.Client, folder: string): Promise<string[]> {
  const { rows } = await control.query<{ backups: Backups }>(
    "SELECT backups FROM plan_ledger WHERE backups IS NOT NULL ORDER BY seq",
  );
  const found: string[] = [];
  for (const { backups } of rows) {
    const here = await readdir(path.join(folder, backups.directory)).catch(() => undefined);
    // The step that a rollback takes back was backed up where the scene was set.
    if (here === undefined) continue;
    found.push(...here.sort());
    for (const { table, file, digest } of backups.tables) {
      const bytes = await readFile(path.join(folder, file)).catch(() => Buffer.from("gone"));
      const is = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
      found.push(`${table} ${is === digest ? "is what the ledger says" : `is ${is} and not ${digest}`}`);
    }
  }
  return found;
}

const registerBefore = ["card 7", "letter 1"];
const registerAfter = ["card 7", "letter 2", "parcel 1"];

/** Whether the effect of the small plan's step is in the target: once, not at all, or something that must never be. */
export function effectOf({ target: { parcels, register } }: StepEnd): "once" | "none" | "half" {
  const named = register.map((one) => (one as { row: { name: string; version: number } }).row);
  const versions = named.map(({ name, version }) => `${name} ${version}`).sort();
  const weights = parcels?.map((one) => (one as { row: { weight: number } }).row.weight).sort();
  if (parcels === null && String(versions) === String(registerBefore)) return "none";
  return String(weights) === "3,5" && String(versions) === String(registerAfter) ? "once" : "half";
}

/** What a line says of the effect in the target; undefined where the act has left it as it was. */
function saidBy({ act, outcome }: StepEnd["control"]["ledger"][number]): "once" | "none" | undefined {
  if (outcome === "committed") return "once";
  if (outcome === "rolled_back" || outcome === "undone") return "none";
  // Its act was committed, and could not be verified afterwards.
  if (outcome === "contradicted") return act === "commit" ? "once" : "none";
  return undefined;
}

/** What is wrong with an end whatever has happened; empty where nothing is (PLAN-2, PLAN-6). */
export function disagreementsOf(end: StepEnd, root: string): string[] {
  const { control } = end;
  const said = control.ledger.map(saidBy).findLast((one) => one !== undefined) ?? "none";
  const burned = control.record?.burned ?? 0;
  const ran = control.record === null || control.record.status === "consumed";
  const faults: Record<string, boolean> = {
    [`the ledger says ${said}, and the target has it ${effectOf(end)}`]: said !== effectOf(end),
    [`the record was burned ${burned} times`]: control.record !== null && burned !== (ran ? 1 : 0),
    "the record was burned by another": control.record !== null && ran && control.record.by !== root,
    "a lease is held": control.leases_held !== 0,
    "a state is open": control.open_states !== 0,
    "an event is missing": !control.events_gapless,
    [`the run has ${control.ends.length} ends`]: control.ends.length !== 1,
    "it has ended without a line, or with two":
      control.ledger.filter((line) => line.idempotency_root === root).length !== (ran ? 1 : 0),
  };
  return Object.keys(faults).filter((fault) => faults[fault]);
}
