import type { GatewayObject } from "../gateway/schemas.ts";
import type { Catalog } from "./catalog/read.ts";
import { absent } from "./checks.ts";
import { governedFunctions, isOfBase } from "./expected.ts";
import type { Stage } from "./reference.ts";
import type { Check } from "./schemas.ts";

/** SHA-256 of the bodies of the base, by qualified name, as a sovereign has accepted them for this target. */
export type AcceptedBodies = Readonly<Record<string, string>>;

const base = governedFunctions.filter((one) => one.base);

/** All else stands on these two: of another base, too, a sovereign accepts them by their digests or not at all. */
const byDigest = ["public.fn_iu_gateway_write_guard", "cutter_governance.fn_record_review_decision"];

/** What of an accepted gateway the verification asks for: the document cannot know the bodies of every base. */
export function acceptedBodies(objects: readonly GatewayObject[]): AcceptedBodies {
  return Object.fromEntries(
    base.flatMap(({ name }) => {
      const found = objects.find(({ object }) => object.startsWith(`function ${name}(`));
      const body = found?.aspects["body_sha256"];
      return typeof body === "string" ? [[name, body]] : [];
    }),
  );
}

export function documentMd5(name: string): string | undefined {
  return governedFunctions.find((one) => one.name === name)?.documentMd5;
}

/** The document's name of the row, where it has one. */
export function bodyRowName(name: string): string {
  const plain = name.replace(/^[^.]+[.]/, "");
  const named = ["fn_iu_create", "fn_iu_apply_edit_draft", "fn_iu_verify_invariants", "fn_iu_enact"];
  if (plain === "fn_iu_gateway_write_guard") return "gateway_function_body_md5";
  return named.includes(plain) ? `${plain}_body_md5` : `body ${name}`;
}

/** What a target has for its base: the one of the document and the fixture, or a whole other one. */
export interface Base {
  /** Whether all of its bodies are others, and those that were accepted if a gateway of this target was. */
  readonly other: boolean;
  /** Whether a sovereign's acceptance may still settle it: no gateway of this target was accepted before. */
  readonly open: boolean;
  /** `md5(prosrc)` by signature of what the sovereign has to name. */
  readonly toName: Readonly<Record<string, string>>;
}

/**
 * One strange body among known ones is no other base, but a known one that somebody has changed; and so is a base whose
 * bodies are not those that were accepted (OPEN-10).
 */
export function baseOf(catalog: Catalog, stage: Stage, accepted: AcceptedBodies | undefined): Base {
  const found = catalog.functions.filter(({ name }) => isOfBase(name));
  const whole = found.length === base.length && base.every(({ name }) => found.some((one) => one.name === name));
  const foreign = found.every(
    ({ name, body_md5 }) => body_md5 !== stage.functions[name]?.body_md5 && body_md5 !== documentMd5(name),
  );
  const agreed = accepted === undefined || found.every(({ name, body_sha256 }) => accepted[name] === body_sha256);
  const other = whole && foreign && agreed;
  const open = other && accepted === undefined;
  const named = open ? found.filter(({ name }) => byDigest.includes(name)) : [];
  return { other, open, toName: Object.fromEntries(named.map((one) => [one.signature, one.body_md5])) };
}

/** Whether a sovereign's acceptance settles a row: of a base that is not the document's, its bodies and its counts. */
export function isSettledByAcceptance({ id, found }: Check, { open }: Base): boolean {
  const bodies = base.map(({ name }) => bodyRowName(name));
  const totals = ["icx_const_iu_count", "unit_version_total", "information_unit_total"];
  return open && found !== absent && [...bodies, ...totals].includes(id);
}
