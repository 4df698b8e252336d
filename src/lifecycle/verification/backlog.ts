import { absent, compare, judged } from "./checks.ts";
import type { Catalog } from "./catalog/read.ts";
import type { Contents } from "./contents/read.ts";
import { backlogFunctions, backlogMarkers, emergencyFunction, markerKey, matrixRoles, owner } from "./expected.ts";
import type { Reference } from "./reference.ts";
import type { Check } from "./schemas.ts";

const log = "public.iu_lifecycle_log";
const statusTables = ["public.information_unit", "public.unit_version"] as const;

/** Whether anything of plans/lifecycle-backlog.yaml is there; from its first trace on, all of it must be. */
export function backlogInstalled(catalog: Catalog, contents: Contents): boolean {
  const config = "value" in contents.config ? contents.config.value : {};
  return (
    catalog.functions.some(({ name }) => backlogFunctions.some((one) => one.name === name)) ||
    catalog.foreignKeys.length > 0 ||
    catalog.policies.length > 0 ||
    catalog.relations.some(({ name, row_security }) => name === log && row_security) ||
    (config[markerKey] ?? "").includes("fn_iu_supersede")
  );
}

/** What the backlog of §7 brings, in the posture of the roll-out's own functions (LIFE-7). */
export function backlogProbes(catalog: Catalog, contents: Contents, { backlog }: Reference): Check[] {
  return [
    ...backlogFunctions.map(({ name, execute }) => functionRow(catalog, backlog, name, execute)),
    compare(
      "B-markers",
      `The markers of the backlog in ${markerKey}`,
      backlogMarkers,
      ("value" in contents.config ? contents.config.value[markerKey] : undefined) ?? absent,
    ),
    ...statusTables.map((table) => foreignKeyRow(catalog, table)),
    ...rowSecurityRows(catalog),
    compare(
      "B-emergency",
      `${emergencyFunction} is not installed`,
      [],
      catalog.functions.filter(({ name }) => name === emergencyFunction).map(({ signature }) => signature),
    ),
  ];
}

function functionRow(catalog: Catalog, stage: Reference["backlog"], name: string, execute: readonly string[]): Check {
  const found = catalog.functions.filter((one) => one.name === name);
  const [first] = found;
  const known = stage.functions[name];
  const executors = matrixRoles.filter((role) =>
    catalog.holdings.some((one) => one.object === name && one.role === role && one.held),
  );
  const expected = {
    owner,
    execute: matrixRoles.filter((role) => role === owner || execute.includes(role)),
    others: [],
    ...known,
  };
  if (first === undefined || found.length > 1)
    return compare(`B-function ${name}`, name, expected, first === undefined ? absent : `${found.length} functions`);
  const { body_md5, definer, language, settings } = first;
  const others = first.acl.filter(
    ({ grantee, grantable }) =>
      grantee !== first.owner && (grantable || !expected.execute.some((role) => role === grantee)),
  );
  return compare(`B-function ${name}`, `${name}: owner, posture, body and who may execute it`, expected, {
    owner: first.owner,
    execute: executors,
    others: others.map(({ grantee }) => grantee),
    body_md5,
    definer,
    language,
    settings,
  });
}

function foreignKeyRow(catalog: Catalog, table: string): Check {
  const found = catalog.foreignKeys.filter((one) => one.table === table);
  const good = found.some(
    ({ definition, validated }) => validated && definition.startsWith("FOREIGN KEY (lifecycle_status) REFERENCES"),
  );
  return judged(
    `B-foreign-key ${table}`,
    `${table}.lifecycle_status refers to the vocabulary, validated`,
    "FOREIGN KEY (lifecycle_status), validated",
    found.length === 0 ? absent : found.map(({ definition, validated }) => ({ definition, validated })),
    good,
  );
}

/** The log may be read and appended to under row security; no policy lets anybody change a row. */
function rowSecurityRows(catalog: Catalog): Check[] {
  const relation = catalog.relations.find(({ name }) => name === log);
  const state = relation && { enabled: relation.row_security, forced: relation.row_security_forced };
  const policies = catalog.policies;
  const wanted = ["context_pack_readonly", "cutter_exec", "cutter_verify", "workflow_admin"];
  const readers = policies.filter(({ command }) => command === "SELECT").flatMap(({ roles }) => roles);
  const writers = policies.filter(({ command }) => command !== "SELECT");
  return [
    judged(
      "B-row-security",
      `Row security of ${log} is on`,
      { enabled: true },
      state ?? absent,
      relation?.row_security === true,
    ),
    judged(
      "B-policies",
      `The policies of ${log}: the reading roles read, ${owner} appends, nobody changes`,
      { SELECT: wanted, INSERT: [owner] },
      policies.length === 0 ? absent : policies,
      wanted.every((role) => readers.includes(role)) &&
        readers.every((role) => role === owner || wanted.includes(role)) &&
        writers.length > 0 &&
        writers.every(({ command, roles }) => command === "INSERT" && roles.every((role) => role === owner)),
    ),
  ];
}
