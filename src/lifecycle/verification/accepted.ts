import type { GatewayObject } from "../gateway/schemas.ts";
import type { Catalog } from "./catalog/read.ts";
import { absent } from "./checks.ts";
import { governedFunctions } from "./expected.ts";
import type { Stage } from "./reference.ts";
import type { Check } from "./schemas.ts";

/** SHA-256 of the bodies of the base, by qualified name, as a sovereign has accepted them for this target. */
export type AcceptedBodies = Readonly<Record<string, string>>;

const base = governedFunctions.filter((one) => one.base);

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

/** Whether some function of the base has a body that neither the document nor the fixture has. */
export function isOtherBase(catalog: Catalog, stage: Stage): boolean {
  return base.some(({ name, documentMd5: documented }) =>
    catalog.functions.some(
      (one) => one.name === name && one.body_md5 !== stage.functions[name]?.body_md5 && one.body_md5 !== documented,
    ),
  );
}

/** Whether a sovereign's acceptance settles a row: of a base that is not the document's, its bodies and its counts. */
export function isSettledByAcceptance({ id, found }: Check, otherBase: boolean): boolean {
  const bodies = base.map(({ name }) => bodyRowName(name));
  const totals = ["icx_const_iu_count", "unit_version_total", "information_unit_total"];
  return otherBase && found !== absent && [...bodies, ...totals].includes(id);
}
