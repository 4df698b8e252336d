import { absent, compare, judged } from "./checks.ts";
import type { Catalog } from "./catalog/read.ts";
import type { Contents } from "./contents/read.ts";
import { documentEditDraftMd5, enactMarkers, enactSignature, markerKey, vocabulary } from "./expected.ts";
import type { Reference } from "./reference.ts";
import type { Check } from "./schemas.ts";

const log = "public.iu_lifecycle_log";
const definers: Readonly<Record<string, boolean>> = {
  "public.fn_iu_enact": true,
  "public.fn_iu_enacted_immut": false,
  "public.fn_uv_enacted_immut": false,
};
const triggers: Readonly<Record<string, string>> = {
  trg_iu_enacted_immut: "public.information_unit",
  trg_uv_enacted_immut: "public.unit_version",
};
const configKeys = [
  markerKey,
  "iu_enact.allow_no_review_decision",
  "iu_enact.canonical_function",
  "iu_enact.log_table",
  "iu_enact.mode",
  "iu_enact.policy_doc_path",
  "iu_enact.readme_path",
  "iu_enact.target_default",
  "iu_enact.vocab_table",
] as const;

/** The seven existence probes of §4.1 (LIFE-5). */
export function existenceProbes(catalog: Catalog, contents: Contents, reference: Reference): Check[] {
  return [
    vocabularyProbe(contents),
    logProbe(catalog, contents),
    functionProbe(catalog),
    triggerProbe(catalog),
    configProbe(contents),
    executeProbe(catalog),
    editDraftProbe(catalog, reference),
  ];
}

function vocabularyProbe({ vocabulary: read }: Contents): Check {
  const found = "value" in read ? read.value.map((row) => [row.code, row.name, row.sort_order]) : absent;
  return compare("P-1", "iu_lifecycle_vocab has the four words", vocabulary, found);
}

/** The document's 0 rows are those of the roll-out; later there is one for each transition that units and versions show. */
function logProbe(catalog: Catalog, contents: Contents): Check {
  const relation = catalog.relations.find(({ name }) => name === log);
  const rows = contents.counts[log];
  const told = "value" in contents.told ? contents.told.value : undefined;
  const found = relation === undefined ? absent : { n_rows: rows ?? absent, n_idx: relation.indexes.length };
  const explained = rows === 0 || (told !== undefined && told.log_rows === rows && told.contradictions === 0);
  return judged(
    "P-2",
    "iu_lifecycle_log is there, with its indexes and no row that nothing explains",
    { n_rows: "0, or one for each transition that the units show", n_idx: "5 or more" },
    found,
    relation !== undefined && relation.indexes.length >= 5 && explained,
  );
}

function functionProbe(catalog: Catalog): Check {
  const found = catalog.functions
    .filter(({ name }) => name in definers)
    .map(({ name, definer }) => ({ name, security_definer: definer }));
  const expected = Object.entries(definers).map(([name, definer]) => ({ name, security_definer: definer }));
  return compare("P-3", "fn_iu_enact and the two immutability functions, each once", expected, found);
}

function triggerProbe(catalog: Catalog): Check {
  const found = catalog.triggers
    .filter(({ name }) => name in triggers)
    .map(({ name, table }) => `${name} on ${table}`)
    .toSorted();
  const expected = Object.entries(triggers).map(([name, table]) => `${name} on ${table}`);
  return compare("P-4", "The immutability triggers are attached", expected, found);
}

function configProbe({ config: read }: Contents): Check {
  const config = "value" in read ? read.value : {};
  const found = Object.fromEntries(configKeys.flatMap((key) => (key in config ? [[key, config[key]]] : [])));
  const markers = config[markerKey]?.split(",") ?? [];
  const appended = enactMarkers.split(",").every((marker, position) => markers[position] === marker);
  return judged(
    "P-5",
    "The nine keys of dot_config, and fn_iu_enact among the markers",
    { keys: configKeys, [markerKey]: `${enactMarkers}, and what the backlog appends` },
    "value" in read ? found : absent,
    Object.keys(found).length === configKeys.length && appended,
  );
}

function executeProbe(catalog: Catalog): Check {
  const there = catalog.functions.some(({ signature }) => signature === enactSignature);
  const held = catalog.holdings.find(({ object, role }) => object === "public.fn_iu_enact" && role === "cutter_exec");
  return compare("P-6", "cutter_exec may execute fn_iu_enact", true, there ? (held?.held ?? false) : absent);
}

/** As the document has it: not the body of before, neither the document's own nor that of the fixture. */
function editDraftProbe(catalog: Catalog, { base }: Reference): Check {
  const name = "public.fn_iu_apply_edit_draft";
  const before = [documentEditDraftMd5, base.functions[name]?.body_md5];
  const bodies = catalog.functions.filter((row) => row.name === name).map(({ body_md5 }) => body_md5);
  const found = bodies.length === 0 ? absent : bodies.join(", ");
  return judged(
    "P-7",
    "fn_iu_apply_edit_draft is no longer what it was before phase 5",
    `not ${before.filter((md5) => md5 !== undefined).join(", not ")}`,
    found,
    bodies.length === 1 && !before.includes(bodies[0]),
  );
}
