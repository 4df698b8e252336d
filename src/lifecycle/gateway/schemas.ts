import Type, { type Static } from "typebox";
import { Digest, Json } from "../../kernel/schemas.ts";

const closed = { additionalProperties: false } as const;

/** One thing that decides what the gateway lets through, in words that hold in every database that has it (OPEN-10). */
export const GatewayObject = Type.Object(
  {
    object: Type.String({ examples: ["trigger public.information_unit.trg_aa_iu_gateway_write_guard"] }),
    of: Type.Union([Type.String(), Type.Null()], { description: "The object that it goes with, and is lost with." }),
    aspects: Type.Record(Type.String(), Json),
  },
  closed,
);
export type GatewayObject = Static<typeof GatewayObject>;

/** What was accepted against what is there. Either is null where the object itself is not there. */
export const GatewayDifference = Type.Object(
  {
    object: Type.String({ examples: ["function public.fn_iu_gateway_write_guard()"] }),
    aspect: Type.String({
      description: "`object` where the whole of it was added or is gone.",
      examples: ["body_sha256"],
    }),
    expected: Json,
    found: Json,
    sighting: Digest,
  },
  closed,
);
export type GatewayDifference = Static<typeof GatewayDifference>;

/** The tables that only the gateway may write, and those that it decides by. */
export const governedTables = [
  "public.information_unit",
  "public.unit_version",
  "public.iu_lifecycle_vocab",
  "public.iu_lifecycle_log",
  "public.dot_config",
  // Written by the birth of a unit, with the owner's rights: a trigger there would run inside the gateway.
  "public.birth_registry",
  "cutter_governance.review_decision",
  "cutter_governance.cut_change_set",
] as const;

/** The roles of the document; the first owns everything. */
export const governedRoles = [
  "directus",
  "cutter_exec",
  "cutter_verify",
  "workflow_admin",
  "context_pack_readonly",
] as const;
