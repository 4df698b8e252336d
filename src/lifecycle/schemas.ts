import Type, { type Static } from "typebox";
import { Name } from "../kernel/schemas.ts";
import { TargetName } from "../runs/index.ts";

/** The address of a unit, as it stands in `information_unit.canonical_address`. */
export const Address = Name(200, { description: "The unit's canonical address.", examples: ["ICX-CONST/DIEU-0"] });
export const AddressPrefix = Name(200, {
  description: "Units whose address begins with it.",
  examples: ["ICX-CONST/"],
});
export const uuidPattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
export const Uuid = Type.String({
  pattern: uuidPattern,
  examples: ["29c88a7b-0000-4000-8000-000000000001"],
});
/** Which of TARGETS the units are in. */
export const DatabaseName = Type.Optional(TargetName);

export const transitions = ["enact", "supersede", "retire"] as const;
export const TransitionName = Type.Enum([...transitions]);
export type TransitionName = (typeof transitions)[number];

/** The four words of the vocabulary. */
export const lifecycleStatuses = ["draft", "enacted", "superseded", "retired"] as const;
export const LifecycleStatus = Type.Enum([...lifecycleStatuses]);
export type LifecycleStatus = Static<typeof LifecycleStatus>;

/** The database that is meant where none is named. */
export const defaultDatabase = "default";
