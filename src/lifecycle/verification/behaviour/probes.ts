import { type Database, isDatabaseError, mayPass, sqlState, type Tx } from "../../../database/index.ts";
import { pinSearchPath } from "../catalog/store.ts";
import { absent, allPass, compare, judged } from "../checks.ts";
import { countAll } from "../contents/read.ts";
import { enactSignature, firstAddress, governedTables, icxPrefix, owner } from "../expected.ts";
import type { Check, RowCount } from "../schemas.ts";
import {
  findDecision,
  findProbeUnit,
  type ProbeUnit,
  reachOfLogin,
  refusalOfDirectUpdate,
  recordProbeDecision,
  tryEnact,
} from "./store.ts";

/** What is known of the target before the probes run: they ask for nothing that is not there. */
export interface Ground {
  readonly tables: readonly string[];
  readonly signatures: readonly string[];
}

const probeDecision = "00000000-0000-4000-8000-0000000000b1";
const noDecision = "00000000-0000-0000-0000-000000000000";
/** Other transactions may commit between the two counts; then both are taken again. */
const attempts = 3;

/**
 * The behavioural probes of §4.2, each in a transaction that is rolled back, and the rows of every governed table before
 * and after them, which must be the same (LIFE-5).
 */
export async function behaviouralProbes(
  target: Database,
  ground: Ground,
): Promise<{ passed: boolean; probes: Check[]; row_counts: RowCount[] }> {
  for (let attempt = 1; ; attempt += 1) {
    const before = await count(target, ground);
    const probes = [
      ...(await enactProbes(target, ground)),
      await rolledBack(target, (tx) => gatewayProbe(tx, ground), "B-5", gatewayTitle, gatewayExpected),
    ];
    const after = await count(target, ground);
    const rows = governedTables.map((table) => ({
      table,
      before: before[table] ?? null,
      after: after[table] ?? null,
    }));
    const moved = rows.filter((row) => row.before !== row.after).map(({ table }) => table);
    if (moved.length > 0 && attempt < attempts) continue;
    const unchanged = compare("B-unchanged", "The probes have left every governed table as it was", [], moved);
    return { passed: allPass([...probes, unchanged]), probes: [...probes, unchanged], row_counts: rows };
  }
}

function count(target: Database, { tables }: Ground): Promise<Record<string, number | null>> {
  return target.transact(
    pinned((tx) => countAll(tx, tables)),
    { readOnly: true },
  );
}

interface EnactProbe {
  readonly id: string;
  readonly title: string;
  readonly expected: (unit: ProbeUnit | undefined) => unknown;
  readonly address?: string;
  readonly decision?: string;
  readonly lifecycle?: string;
}

const enactProbeList: readonly EnactProbe[] = [
  {
    id: "B-1",
    title: "A dry run of fn_iu_enact says what it would write",
    expected: (unit) =>
      unit?.lifecycle_status === "enacted"
        ? { status: "already_enacted" }
        : { status: "plan_ok", would_write_rows: { iu: 1, uv: 1, log: 1 } },
  },
  {
    id: "B-2",
    title: "A status that is not in the vocabulary is refused",
    expected: () => ({ status: "invalid_target_lifecycle" }),
    lifecycle: "NOT_IN_VOCAB",
  },
  {
    id: "B-3",
    title: "An address that no unit has is refused",
    expected: () => ({ status: "iu_not_found" }),
    address: "NOT_AN_ADDRESS",
  },
  {
    id: "B-4",
    title: "A decision that is not on record is refused",
    expected: () => ({ status: "review_decision_not_found" }),
    decision: noDecision,
  },
];

async function enactProbes(target: Database, ground: Ground): Promise<Check[]> {
  const checks: Check[] = [];
  for (const probe of enactProbeList) {
    checks.push(
      await rolledBack(target, (tx) => enactProbe(tx, ground, probe), probe.id, probe.title, probe.expected(undefined)),
    );
  }
  return checks;
}

async function enactProbe(tx: Tx, { tables, signatures }: Ground, probe: EnactProbe): Promise<Check> {
  const { id, title } = probe;
  if (!signatures.includes(enactSignature)) return compare(id, title, probe.expected(undefined), absent);
  const needed = ["public.information_unit", "public.unit_version", "cutter_governance.review_decision"];
  const missing = needed.filter((table) => !tables.includes(table));
  const unit = missing.length === 0 ? await findProbeUnit(tx, firstAddress, icxPrefix) : undefined;
  const expected = probe.expected(unit);
  if (missing.length > 0) return compare(id, title, expected, `there is no ${missing.join(", ")}`);
  if (unit === undefined) return compare(id, title, expected, "there is no unit that is a draft or enacted");
  const decision = probe.decision ?? (await decisionFor(tx, unit.canonical_address));
  const address = probe.address ?? unit.canonical_address;
  const { status, would_write_rows } = await tryEnact(tx, address, decision, probe.lifecycle ?? "enacted");
  const found = { status: status ?? null, ...(would_write_rows === undefined ? {} : { would_write_rows }) };
  const using = decision === probeDecision ? "one of the probe's own, rolled back with it" : decision;
  return { ...compare(id, title, expected, found), note: `Address ${address}; decision: ${using}.` };
}

/** One on record, or else one that is recorded for the probe and goes with it: before the first enactment there is none. */
async function decisionFor(tx: Tx, address: string): Promise<string> {
  const found = await findDecision(tx, address);
  if (found !== undefined) return found;
  await recordProbeDecision(tx, probeDecision, address);
  return probeDecision;
}

const gatewayTitle = "A direct UPDATE with a forged marker is refused by the gateway";
const gatewayExpected = "42501: IU Gateway blocked";

async function gatewayProbe(tx: Tx, { tables }: Ground): Promise<Check> {
  if (!tables.includes("public.information_unit")) return compare("B-5", gatewayTitle, gatewayExpected, absent);
  const { own, as_owner } = await reachOfLogin(tx, owner);
  if (!own && !as_owner)
    return judged(
      "B-5",
      gatewayTitle,
      gatewayExpected,
      "the login may not update units and so does not come to the gateway",
      false,
    );
  const found = (await refusalOfDirectUpdate(tx, !own)) ?? "it was not refused; it was rolled back";
  return {
    ...judged("B-5", gatewayTitle, gatewayExpected, found, found.startsWith(gatewayExpected)),
    note: own ? "As the login." : `As ${owner}.`,
  };
}

/** @throws whatever is not the target's own refusal: it says nothing of the gateway */
function reason(error: unknown): string {
  if (!isDatabaseError(error) || mayPass(error)) throw error;
  return `${sqlState(error)}: ${(error as Error).message}`;
}

/** A probe in its own transaction; what the target refuses in it is what was found. */
async function rolledBack(
  target: Database,
  probe: (tx: Tx) => Promise<Check>,
  id: string,
  title: string,
  expected: unknown,
): Promise<Check> {
  try {
    return await target.transact(pinned(probe), { rollback: true });
  } catch (error) {
    return judged(id, title, expected, reason(error), false);
  }
}

/** No operator or function of somebody's own is taken for one of PostgreSQL's. */
function pinned<T>(work: (tx: Tx) => Promise<T>): (tx: Tx) => Promise<T> {
  return async (tx) => {
    await pinSearchPath(tx);
    return work(tx);
  };
}
