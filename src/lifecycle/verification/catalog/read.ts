import type { Tx } from "../../../database/index.ts";
import { emergencyFunction, governedTables, matrixRoles, owner, tablePrivileges } from "../expected.ts";
import { type Door, selectDoors } from "./doors/store.ts";
import {
  type ConstraintRow,
  type FunctionRow,
  type Holding,
  pinSearchPath,
  type PolicyRow,
  type RelationRow,
  type RoleRow,
  selectForeignKeysTo,
  selectFunctionHoldings,
  selectFunctions,
  selectMembers,
  selectPolicies,
  selectRelations,
  selectRoles,
  selectSchemaMakers,
  selectTableHoldings,
  selectTriggers,
  type TriggerRow,
} from "./store.ts";

/** What the target's catalog says of everything that is governed. It can be read whatever is missing. */
export interface Catalog {
  readonly functions: readonly FunctionRow[];
  readonly relations: readonly RelationRow[];
  readonly triggers: readonly TriggerRow[];
  readonly roles: readonly RoleRow[];
  readonly members: { readonly login: string; readonly members: readonly string[] };
  readonly schemas: readonly { readonly name: string; readonly makers: readonly string[] }[];
  readonly holdings: readonly Holding[];
  readonly foreignKeys: readonly ConstraintRow[];
  readonly policies: readonly PolicyRow[];
  readonly doors: readonly Door[];
}

/**
 * Reads it in one transaction, from one snapshot.
 * @param functions qualified names, beside those that the triggers of governed tables call
 */
export async function readCatalog(tx: Tx, functions: readonly string[]): Promise<Catalog> {
  await pinSearchPath(tx);
  const triggers = await selectTriggers(tx, governedTables);
  const called = triggers.flatMap(({ definition }) => functionCalledBy(definition) ?? []);
  const names = [...new Set([...functions, ...called, emergencyFunction])];
  return {
    functions: await selectFunctions(tx, names),
    relations: await selectRelations(tx, governedTables),
    triggers,
    roles: await selectRoles(
      tx,
      matrixRoles.filter((name) => name !== "public"),
    ),
    members: await selectMembers(tx, owner),
    schemas: await selectSchemaMakers(tx, ["cutter_governance", "public"], owner),
    holdings: [
      ...(await selectTableHoldings(tx, governedTables, matrixRoles, tablePrivileges)),
      ...(await selectFunctionHoldings(tx, names, matrixRoles)),
    ],
    foreignKeys: await selectForeignKeysTo(tx, "public.iu_lifecycle_vocab"),
    policies: await selectPolicies(tx, "public.iu_lifecycle_log"),
    doors: await selectDoors(tx, governedTables),
  };
}

/** The qualified name at the end of a trigger's definition. */
function functionCalledBy(definition: string): string | undefined {
  const name = /EXECUTE FUNCTION ([^(]+)\(/.exec(definition)?.[1];
  return name === undefined || name.includes(".") ? name : `public.${name}`;
}
