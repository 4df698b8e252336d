import { absent, compare, judged, recorded } from "./checks.ts";
import type { Door } from "./catalog/doors/store.ts";
import type { Catalog } from "./catalog/read.ts";
import type { AclEntry, FunctionRow } from "./catalog/store.ts";
import {
  detectorSignature,
  governedFunctions,
  governedTables,
  isOfBase,
  type MatrixRole,
  matrixRoles,
  owner,
  tablePrivileges,
  tableReaders,
} from "./expected.ts";
import type { ReferenceFunction, Stage } from "./reference.ts";
import type { Check, RoleCell } from "./schemas.ts";

/** The matrix of §1: what each role may do with each object, expected against found (LIFE-3). */
export function roleCells(catalog: Catalog, functions: readonly string[]): RoleCell[] {
  const held = new Map(catalog.holdings.map((one) => [`${one.object} ${one.role} ${one.privilege}`, one.held]));
  const cell = (object: string, role: MatrixRole, privilege: string, expected: boolean): RoleCell => {
    const found = held.get(`${object} ${role} ${privilege}`) ?? null;
    return { object, role, privilege, expected, found, passed: found === expected };
  };
  return [
    ...governedTables.flatMap((table) =>
      matrixRoles.flatMap((role) =>
        tablePrivileges.map((privilege) => {
          const reads = privilege === "SELECT" && (tableReaders[table] ?? []).includes(role);
          return cell(table, role, privilege, role === owner || reads);
        }),
      ),
    ),
    ...functions.flatMap((name) =>
      matrixRoles.map((role) => cell(name, role, "EXECUTE", role === owner || executors(name).includes(role))),
    ),
  ];
}

function executors(name: string): readonly MatrixRole[] {
  return governedFunctions.find((one) => one.name === name)?.execute ?? [];
}

/** Owners, SECURITY DEFINER, pinned settings, attributes of the roles, and that nobody else has anything. */
export function rolePosture(catalog: Catalog, stage: Stage, functions: readonly string[], otherBase: boolean): Check[] {
  return [
    ...matrixRoles.filter((role) => role !== "public").map((role) => attributes(catalog, role)),
    membersOfOwner(catalog),
    ...catalog.schemas.map(({ name, makers }) =>
      compare(`makers ${name}`, `Only its owner and ${owner} make objects in schema ${name}`, [], makers),
    ),
    ...governedTables.flatMap((table) => tablePosture(catalog, table)),
    ...functions.flatMap((name) => functionPosture(catalog, stage, name, otherBase)),
    doors(catalog, stage),
  ];
}

/** The role that owns everything lets nobody in by itself; what a person's role may not be, a password does not change. */
function attributes(catalog: Catalog, name: string): Check {
  const role = catalog.roles.find((one) => one.name === name);
  const never = { superuser: false, bypassrls: false, createrole: false, replication: false };
  const expected = name === owner ? { login: false, ...never } : never;
  const { login, superuser, bypassrls, createrole, replication } = role ?? {};
  const found = { superuser, bypassrls, createrole, replication };
  const title = name === owner ? `${name} has no login and no attribute` : `${name} has no attribute`;
  return compare(
    `role ${name}`,
    title,
    expected,
    role === undefined ? absent : name === owner ? { login, ...found } : found,
  );
}

function membersOfOwner({ members: { login, members } }: Catalog): Check {
  return judged(
    `members ${owner}`,
    `Nobody but the service's own login can become ${owner} in this database`,
    `nobody but ${login}`,
    members,
    members.every((name) => name === login),
  );
}

function tablePosture(catalog: Catalog, table: string): Check[] {
  const relation = catalog.relations.find(({ name }) => name === table);
  return [
    compare(`owner ${table}`, `${table} is a table of ${owner}`, owner, relation?.owner ?? absent),
    compare(
      `others ${table}`,
      `Nobody else has anything of ${table}`,
      [],
      relation === undefined ? absent : strangers(relation.acl, relation.owner, tablePrivileges),
    ),
  ];
}

function functionPosture(catalog: Catalog, stage: Stage, name: string, otherBase: boolean): Check[] {
  const found = catalog.functions.filter((one) => one.name === name);
  const [first] = found;
  const several = found.length > 1 ? `${found.length} functions of this name` : undefined;
  const others = found.flatMap((one) => strangers(one.acl, one.owner, ["EXECUTE"]));
  return [
    compare(`owner ${name}`, `${name} is a function of ${owner}`, owner, several ?? first?.owner ?? absent),
    settingsRow(stage, name, several ?? first ?? absent, otherBase),
    compare(`others ${name}`, `Nobody else may execute ${name}`, [], first === undefined ? absent : others),
  ];
}

function settingsRow(stage: Stage, name: string, found: FunctionRow | string, otherBase: boolean): Check {
  const expected = stage.functions[name];
  const id = `posture ${name}`;
  const title = `${name}: whose rights it runs with, and what it has set`;
  const own = expected === undefined ? absent : postureOf(expected);
  if (typeof found === "string") return compare(id, title, own, found);
  if (otherBase && isOfBase(name))
    return recorded(id, title, own, postureOf(found), "The base has a body of its own; see its fingerprint.");
  return compare(id, title, own, postureOf(found));
}

/**
 * Such a function is a way past every privilege. The detector's is a superuser's, and for nobody who may not write by
 * himself: it is known by what it is called and for whom it is.
 */
function doors(catalog: Catalog, stage: Stage): Check {
  const known = (one: Door): boolean =>
    one.owner === owner
      ? one.name in stage.functions && catalog.doors.filter(({ name }) => name === one.name).length === 1
      : one.signature === detectorSignature && one.execute.every((role) => role === owner);
  const found = catalog.doors
    .filter((one) => !known(one))
    .map((one) => `${one.signature} of ${one.owner}, for ${one.execute.join(", ") || "nobody else"}`);
  return compare("doors", "No other function has the rights of one who may write governed tables", [], found);
}

function postureOf({ definer, language, settings }: ReferenceFunction): unknown {
  return { security_definer: definer, language, settings };
}

/** What the matrix has no cell for: other roles, other privileges, the right to grant, single columns. */
function strangers(acl: readonly AclEntry[], holder: string, privileges: readonly string[]): string[] {
  const known: readonly string[] = matrixRoles;
  return acl
    .filter(({ grantee }) => grantee !== holder)
    .filter(
      ({ grantee, privilege, grantable, column }) =>
        !known.includes(grantee) || !privileges.includes(privilege) || grantable || column !== null,
    )
    .map(
      ({ grantee, privilege, grantable, column }) =>
        `${grantee}: ${privilege}${column === null ? "" : ` (${column})`}${grantable ? " with grant option" : ""}`,
    );
}
