import { absent, compare, judged, recorded } from "./checks.ts";
import { type AcceptedBodies, bodyRowName, documentMd5 } from "./accepted.ts";
import type { Catalog } from "./catalog/read.ts";
import type { Contents } from "./contents/read.ts";
import { documentCounts, governedTables, isOfBase, markerKey, triggerInventory } from "./expected.ts";
import type { Reference, Stage } from "./reference.ts";
import type { Check } from "./schemas.ts";

const words: Readonly<Record<string, string>> = { A: "always", O: "by origin", R: "on a replica", D: "disabled" };

/** §3.1: bodies, inventories and settings after the roll-out, expected against found (LIFE-4). */
export function schemaFingerprints(
  catalog: Catalog,
  contents: Contents,
  reference: Reference,
  options: {
    readonly stage: Stage;
    readonly accepted: AcceptedBodies | undefined;
    /** Whether it is another base than the document's, with shapes of its own. */
    readonly own: boolean;
  },
): Check[] {
  const { stage, accepted, own } = options;
  return [
    ...Object.keys(reference.enactment.functions).map((name) => bodyRow(catalog, stage, name, accepted)),
    ...countRows(contents),
    ...Object.entries(triggerInventory).map(([table, names]) => inventoryRow(catalog, table, names)),
    ...triggerRows(catalog, stage),
    ...governedTables.flatMap((table) => shapeRows(catalog, stage, table, own)),
    ...configRows(contents, stage),
  ];
}

function bodyRow(catalog: Catalog, stage: Stage, name: string, accepted: AcceptedBodies | undefined): Check {
  const id = bodyRowName(name);
  const title = `md5(prosrc) of ${name}`;
  const bodies = catalog.functions.filter((one) => one.name === name);
  const found = bodies.length === 0 ? absent : bodies.map(({ body_md5 }) => body_md5).join(", ");
  const ours = stage.functions[name]?.body_md5 ?? absent;
  const [body] = bodies;
  if (!isOfBase(name) || found === ours || body === undefined || bodies.length > 1)
    return compare(id, title, ours, found);
  const documented = documentMd5(name);
  if (found === documented) return compare(id, title, documented, found);
  if (accepted?.[name] === body.body_sha256)
    return recorded(id, title, ours, found, "A body of this base, which was accepted.");
  return compare(id, title, documented === undefined ? ours : [ours, documented], found);
}

function countRows({ counts, told }: Contents): Check[] {
  const vocabulary = counts["public.iu_lifecycle_vocab"] ?? absent;
  const rows = counts["public.iu_lifecycle_log"] ?? absent;
  const explained = "value" in told && told.value.log_rows === rows && told.value.contradictions === 0;
  return [
    compare("iu_lifecycle_vocab_row_count", "Rows of iu_lifecycle_vocab", 4, vocabulary),
    judged(
      "iu_lifecycle_log_row_count",
      "Rows of iu_lifecycle_log",
      "0, or one for each transition that the units show",
      rows,
      rows !== absent && (rows === 0 || explained),
    ),
  ];
}

function inventoryRow(catalog: Catalog, table: string, names: readonly string[]): Check {
  const found = catalog.triggers
    .filter((one) => one.table === table && one.definition !== "")
    .map(({ name }) => name)
    .toSorted();
  const there = catalog.relations.some(({ name }) => name === table);
  const id = `trigger_inventory_${table.replace(/^public[.]/, "")}`;
  return compare(id, `The ${names.length} triggers of ${table}`, names.toSorted(), there ? found : absent);
}

/** Each trigger of a governed table: what it is, and that it cannot be walked past. Also those that nobody expects. */
function triggerRows(catalog: Catalog, stage: Stage): Check[] {
  const found = new Map(catalog.triggers.map((one) => [`${one.table}.${one.name}`, one]));
  const names = [...new Set([...Object.keys(stage.triggers), ...found.keys()])].toSorted();
  return names.map((name) =>
    compare(`trigger ${name}`, `Trigger ${name}`, triggerText(stage.triggers[name]), triggerText(found.get(name))),
  );
}

function triggerText(one: { readonly definition: string; readonly enabled: string } | undefined): string {
  return one === undefined ? absent : `enabled ${words[one.enabled] ?? one.enabled}: ${one.definition}`;
}

/** What the roll-out makes is as it makes it; a table of the base may have indexes of its own, and of another base all. */
function shapeRows(catalog: Catalog, stage: Stage, table: string, otherBase: boolean): Check[] {
  const expected = stage.relations[table];
  const found = catalog.relations.find(({ name }) => name === table);
  const made = ["public.iu_lifecycle_vocab", "public.iu_lifecycle_log"].includes(table);
  const parts = made ? (["columns", "indexes", "constraints"] as const) : (["columns", "constraints"] as const);
  const own = otherBase && !made;
  return [
    ...parts.map((part) => {
      const row = [`${part} ${table}`, `The ${part} of ${table}`, expected?.[part] ?? absent] as const;
      if (own && found !== undefined) return recorded(...row, found[part], "Of another base, with its own.");
      return compare(...row, found?.[part] ?? absent);
    }),
    compare(`rules ${table}`, `${table} has no rules`, [], found?.rules ?? absent),
  ];
}

/** Each key that the roll-out sets, with its value; the other keys of the base are written down. */
function configRows({ config: read }: Contents, stage: Stage): Check[] {
  const config = "value" in read ? read.value : {};
  const others = Object.entries(config).filter(([key]) => !(key in stage.config));
  return [
    ...Object.entries(stage.config).map(([key, value]) => {
      const id = key === markerKey ? "dot_config_allowed_marker_values" : `config ${key}`;
      return compare(id, `Value of ${key}`, value, config[key] ?? absent);
    }),
    recorded(
      "config others",
      "Other keys of iu_create, iu_enact and iu_amend_identity_profile",
      "as found",
      Object.fromEntries(others),
      "The document gives no value.",
    ),
  ];
}

/**
 * §3.2: what the tables hold. The document's numbers are the least there may be, because nothing is ever deleted; what
 * was created since is recorded.
 * @param own whether it is another base than the document's, and was accepted: it has numbers of its own
 */
export function dataFingerprints({ counts, icx: read, told }: Contents, own: boolean): Check[] {
  const icx = "value" in read ? read.value : undefined;
  const total = icx?.reduce((sum, { n }) => sum + n, 0);
  const statuses = icx?.map(({ status }) => status) ?? absent;
  const explained = "value" in told && told.value.contradictions === 0;
  const uniform = icx?.length === 1 && icx[0]?.status === "draft";
  const units = counts["public.information_unit"] ?? null;
  const versions = counts["public.unit_version"] ?? null;
  return [
    atLeast("icx_const_iu_count", "Units of ICX-CONST", documentCounts.icxConst, total ?? null, own),
    judged(
      "icx_const_iu_lifecycle_status",
      "Their statuses",
      "draft, or what the log says of each",
      statuses,
      uniform || (icx !== undefined && explained),
    ),
    atLeast("unit_version_total", "Versions", documentCounts.versions, versions, own),
    atLeast("information_unit_total", "Units", documentCounts.units, units, own),
    current("birth_registry_total", "Rows of birth_registry", counts["public.birth_registry"] ?? null),
    ...governedTables
      .filter((table) => table.startsWith("cutter_governance."))
      .map((table) => current(`cutter_governance_writes ${table}`, `Rows of ${table}`, counts[table] ?? null)),
  ];
}

function atLeast(id: string, title: string, least: number, found: number | null, own: boolean): Check {
  if (found !== null && found > least) return recorded(id, title, least, found, "More were created since.");
  if (found !== null && own) return recorded(id, title, least, found, "A number of this base, which was accepted.");
  return compare(id, title, least, found ?? absent);
}

function current(id: string, title: string, found: number | null): Check {
  if (found === null) return compare(id, title, "as found", absent);
  return recorded(id, title, "as found", found, "The document says: (current).");
}
