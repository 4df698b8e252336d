import type { Database, Tx } from "../../database/index.ts";
import { digestOf } from "../../kernel/json.ts";
import { gatewayDigest, readGateway } from "../gateway/catalog.ts";
import { type AcceptedBodies, baseOf, isSettledByAcceptance } from "./accepted.ts";
import { backlogInstalled, backlogProbes } from "./backlog.ts";
import { behaviouralProbes } from "./behaviour/probes.ts";
import { type Catalog, readCatalog } from "./catalog/read.ts";
import { allPass } from "./checks.ts";
import { type Contents, readContents } from "./contents/read.ts";
import { existenceProbes } from "./existence.ts";
import { dataFingerprints, schemaFingerprints } from "./fingerprints.ts";
import { reference } from "./reference.ts";
import { roleCells, rolePosture } from "./roles.ts";
import type { VerificationReport } from "./schemas.ts";

export interface VerifyOptions {
  /** The name of the target, for the report; `default` if absent. */
  readonly database?: string;
  /** Bodies of the base that were accepted for this target; without them those of the document and the fixture count. */
  readonly accepted?: AcceptedBodies;
}

/**
 * Verifies a target as §4 and §1 of the LIFECYCLE document say (LIFE-3, LIFE-4, LIFE-5). It changes nothing: what it tries
 * is rolled back. Whatever is missing there is a failed row, never an error.
 * @throws ServiceProblem DATABASE_UNAVAILABLE or OVERLOADED where the target cannot be asked
 */
export async function verifyLifecycle(target: Database, options: VerifyOptions = {}): Promise<VerificationReport> {
  const known = reference();
  const seen = await target.transact((tx) => look(tx, Object.keys(known.backlog.functions)), { readOnly: true });
  const { catalog } = seen;
  const behaviour = await behaviouralProbes(target, {
    tables: catalog.relations.map(({ name }) => name),
    signatures: catalog.functions.map(({ signature }) => signature),
  });
  return conclude(options, seen, behaviour);
}

interface Seen {
  readonly catalog: Catalog;
  readonly contents: Contents;
  readonly gateway_digest: string;
}

async function look(tx: Tx, functions: readonly string[]): Promise<Seen> {
  const catalog = await readCatalog(tx, functions);
  const tables = catalog.relations.map(({ name }) => name);
  const contents = await readContents(tx, tables);
  return { catalog, contents, gateway_digest: gatewayDigest(await readGateway(tx)) };
}

function conclude(
  { database = "default", accepted }: VerifyOptions,
  { catalog, contents, gateway_digest }: Seen,
  behaviour: VerificationReport["behaviour"],
): VerificationReport {
  const known = reference();
  const installed = backlogInstalled(catalog, contents);
  const stage = installed ? known.backlog : known.enactment;
  const functions = Object.keys(known.enactment.functions);
  const base = baseOf(catalog, stage, accepted);
  const existence = existenceProbes(catalog, contents, known);
  const cells = roleCells(catalog, functions);
  const posture = rolePosture(catalog, stage, functions, base.other);
  const schema = schemaFingerprints(catalog, contents, known, { stage, accepted, own: base.other });
  const data = dataFingerprints(contents, base.other && !base.open);
  const backlog = backlogProbes(catalog, contents, known);
  const consistency = consistencyOf(catalog, contents);
  // What must never be there counts also before the backlog is in.
  const needed = installed ? backlog : backlog.filter(({ id }) => id === "B-emergency");
  const rows = [...existence, ...behaviour.probes, ...posture, ...schema, ...data, ...needed];
  const sound = allPass(cells) && consistency.passed;
  const findings = {
    database,
    gateway_digest,
    passed: sound && allPass(rows),
    acceptable: sound && rows.every((row) => row.passed || isSettledByAcceptance(row, base)),
    bodies_to_name: base.toName,
    existence: { passed: allPass(existence), probes: existence },
    behaviour,
    roles: { passed: allPass(cells) && allPass(posture), cells, posture },
    fingerprints: { passed: allPass([...schema, ...data]), schema, data },
    backlog: { installed, passed: allPass(backlog), probes: backlog },
    consistency,
  };
  return { ...findings, digest: digestOf(findings), taken_at: new Date().toISOString() };
}

function consistencyOf(catalog: Catalog, { told }: Contents): VerificationReport["consistency"] {
  const tables = ["public.information_unit", "public.unit_version"];
  const there = tables.every((table) => catalog.relations.some(({ name }) => name === table));
  if (!("value" in told)) {
    const problem = there ? `the tables cannot be read: ${told.refused}` : "there are no units";
    const examples = [{ canonical_address: "", version_id: null, problem }];
    return { passed: false, units: 0, versions: 0, log_rows: 0, contradictions: 0, examples };
  }
  return { passed: told.value.contradictions === 0, ...told.value };
}
