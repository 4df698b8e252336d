/**
 * What the LIFECYCLE document gives, as data: names, values, counts and the role matrix of §1. Bodies and shapes, which
 * the document names by digest or not at all, are in reference.ts.
 */

export const owner = "directus";
const exec = "cutter_exec";
const verify = "cutter_verify";
const admin = "workflow_admin";
const readonly = "context_pack_readonly";

/** The roles of §1; `public` is everybody. */
export const matrixRoles = [owner, exec, verify, admin, readonly, "public"] as const;
export type MatrixRole = (typeof matrixRoles)[number];

export const tablePrivileges = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"] as const;

const readers: readonly MatrixRole[] = [exec, verify, admin];

/** Who but the owner may read each table; nobody but the owner has any other privilege. */
export const tableReaders: Readonly<Record<string, readonly MatrixRole[]>> = {
  "public.information_unit": readers,
  "public.unit_version": readers,
  "public.birth_registry": readers,
  "public.dot_config": readers,
  "public.iu_lifecycle_vocab": [...readers, readonly, "public"],
  "public.iu_lifecycle_log": [...readers, readonly],
  "cutter_governance.review_decision": readers,
  "cutter_governance.cut_change_set": readers,
};
export const governedTables: readonly string[] = Object.keys(tableReaders);

export interface GovernedFunction {
  readonly name: string;
  /** Who but the owner may execute it. */
  readonly execute: readonly MatrixRole[];
  /** Of the base: it was there before the roll-out, and a target may have a body of its own. */
  readonly base: boolean;
  /** `md5(prosrc)` as the document gives it for the base (§3.1). */
  readonly documentMd5?: string;
}

/** The functions of the base and of plans/lifecycle-enactment.yaml. */
export const governedFunctions: readonly GovernedFunction[] = [
  {
    name: "public.fn_iu_gateway_write_guard",
    execute: [],
    base: true,
    documentMd5: "6907fa4e5e46b5617d7dfecbd86326d7",
  },
  { name: "public.fn_iu_create", execute: [exec], base: true, documentMd5: "3017892a5ac605a6daeaa5348e2a6cdf" },
  { name: "public.fn_iu_apply_edit_draft", execute: [exec], base: false },
  { name: "public.fn_iu_verify_invariants", execute: readers, base: true },
  { name: "public.fn_iu_birth_l1", execute: [], base: true },
  { name: "public.fn_iu_birth_l2", execute: [], base: true },
  { name: "public.fn_iu_birth_auto", execute: [], base: true },
  { name: "public.fn_iu_updated_at", execute: [], base: true },
  { name: "public.fn_uv_notif_version", execute: [], base: true },
  { name: "cutter_governance.fn_record_review_decision", execute: [], base: true },
  { name: "public.fn_iu_enacted_immut", execute: [], base: false },
  { name: "public.fn_uv_enacted_immut", execute: [], base: false },
  { name: "public.fn_iu_enact", execute: [exec, admin], base: false },
];

/** Whether a function was there before the roll-out and is not touched by it: a target may have a body of its own. */
export function isOfBase(name: string): boolean {
  return governedFunctions.find((one) => one.name === name)?.base ?? false;
}

/** The functions of plans/lifecycle-backlog.yaml. */
export const backlogFunctions: readonly GovernedFunction[] = [
  { name: "public.fn_iu_supersede", execute: [exec, admin], base: false },
  { name: "public.fn_iu_retire", execute: [exec, admin], base: false },
  { name: "public.fn_iu_amend_identity_profile", execute: [exec], base: false },
  { name: "public.fn_iu_decision_refusal", execute: [], base: false },
];

export const emergencyFunction = "public.fn_iu_emergency_revert";

/** `md5(prosrc)` of `fn_iu_apply_edit_draft` before phase 5, as the document gives it. */
export const documentEditDraftMd5 = "22875ce25b2e2d1751cc4f3d1757252e";

/** Of plans/fixtures/lifecycle-detector.sql, which a superuser installs and owns. */
export const detectorSignature = "public.fn_iu_refused_writes(text,bigint)";

export const enactSignature = "public.fn_iu_enact(text,text,uuid,text,uuid,text,text,boolean)";

/** §4.1, probe 1. */
export const vocabulary = [
  ["draft", "Bản nháp", 10],
  ["enacted", "Đã ban hành", 20],
  ["superseded", "Bị thay", 30],
  ["retired", "Đã rút", 40],
] as const;

export const markerKey = "iu_create.gateway.allowed_marker_values";
export const enactMarkers = "fn_iu_create,fn_iu_apply_edit_draft,fn_iu_enact";
export const backlogMarkers = `${enactMarkers},fn_iu_supersede,fn_iu_retire,fn_iu_amend_identity_profile`;

/** §3.1: what the triggers of the two tables are called after the roll-out. */
export const triggerInventory: Readonly<Record<string, readonly string[]>> = {
  "public.information_unit": [
    "trg_aa_iu_gateway_write_guard",
    "trg_iu_birth_auto",
    "trg_iu_birth_l1",
    "trg_iu_birth_l2",
    "trg_iu_enacted_immut",
    "trg_iu_updated_at",
  ],
  "public.unit_version": ["trg_aa_uv_gateway_write_guard", "trg_uv_enacted_immut", "trg_uv_notif_version"],
};

/** §3.2: what the tables held when the document was written. */
export const documentCounts = { icxConst: 60, units: 158, versions: 165 } as const;
export const icxPrefix = "ICX-CONST/";
export const firstAddress = "ICX-CONST/DIEU-0";
