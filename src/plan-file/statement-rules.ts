import { child, isTree, items, type Tree, text, typed, words } from "./syntax-tree.ts";

/** Says why a statement of an allowed kind is refused all the same, if it is. */
type Rule = (node: Tree) => string | undefined;

const cannotBeRehearsed = "cannot be rehearsed: it does not run inside a transaction";
const may: Rule = () => undefined;

/** Kinds of objects that belong to one database, are measured, and can be rolled back. */
const objectTypes = new Set(
  `OBJECT_AGGREGATE OBJECT_ATTRIBUTE OBJECT_COLUMN OBJECT_DOMAIN OBJECT_DOMCONSTRAINT OBJECT_FUNCTION OBJECT_INDEX
   OBJECT_MATVIEW OBJECT_POLICY OBJECT_PROCEDURE OBJECT_ROUTINE OBJECT_RULE OBJECT_SCHEMA OBJECT_SEQUENCE
   OBJECT_STATISTIC_EXT OBJECT_TABCONSTRAINT OBJECT_TABLE OBJECT_TRIGGER OBJECT_TYPE OBJECT_VIEW`.split(/\s+/),
);

function ofType(field: string): Rule {
  return (node) => {
    const type = text(node, field);
    if (objectTypes.has(type)) return undefined;
    const object = type.replace("OBJECT_", "").replaceAll("_", " ").toLowerCase();
    return `objects of the kind "${object}" are not measured`;
  };
}

/** Options of CREATE and ALTER FUNCTION: those of the catalog, and no setting but the search path and the application's. */
const functionOptions = new Set(
  "as language volatility strict security leakproof cost rows parallel window".split(" "),
);

/** PostgreSQL knows no setting `app.…`: it means something to the functions of the target alone. */
const settingsOfFunctions = /^(search_path|app\.[a-z_][a-z0-9_]*)$/;

function optionFault(options: readonly unknown[]): string | undefined {
  for (const option of options) {
    const [, node] = typed(option);
    const name = text(node, "defname");
    if (functionOptions.has(name)) continue;
    const [, setting] = typed(node.arg);
    if (name !== "set") return `its option ${name.toUpperCase()} is not among those that a step may give`;
    if (!settingsOfFunctions.test(text(setting, "name")))
      return `of settings a function may have search_path and app.… only, not ${text(setting, "name") || "all"}`;
  }
  return undefined;
}

/** Language of a function or a DO block; a body between BEGIN ATOMIC and END is SQL. */
export function languageOf(node: Tree, otherwise: string): string {
  const options = [...items(node, "options"), ...items(node, "args")].map((option) => typed(option)[1]);
  const named = options.filter((option) => text(option, "defname") === "language");
  if (named.length > 1) return "named twice";
  return named[0] === undefined ? otherwise : text(child(child(named[0], "arg"), "String"), "sval");
}

function createFunction(node: Tree): string | undefined {
  const language = languageOf(node, isTree(node.sql_body) ? "sql" : "none");
  if (language !== "sql" && language !== "plpgsql")
    return `its language is ${JSON.stringify(language)}, and only plpgsql and sql can be examined`;
  return optionFault(items(node, "options"));
}

const alterations = new Map([
  ["AT_DisableTrig", "a trigger that is switched off lets rows past the target's own rules"],
  ["AT_DisableTrigAll", "triggers that are switched off let rows past the target's own rules"],
  ["AT_DisableTrigUser", "triggers that are switched off let rows past the target's own rules"],
  ["AT_EnableReplicaTrig", "a trigger for replicas only lets rows past the target's own rules"],
  ["AT_DisableRule", "a rule that is switched off lets rows past the target's own rules"],
  ["AT_EnableReplicaRule", "a rule for replicas only lets rows past the target's own rules"],
  ["AT_GenericOptions", "foreign tables reach outside the database"],
]);

function alterTable(node: Tree): string | undefined {
  for (const command of items(node, "cmds")) {
    const [, alteration] = typed(command);
    const reason = alterations.get(text(alteration, "subtype"));
    if (reason !== undefined) return reason;
    if (child(child(alteration, "def"), "PartitionCmd").concurrent === true)
      return `DETACH PARTITION CONCURRENTLY ${cannotBeRehearsed}`;
  }
  return ofType("objtype")(node);
}

function notConcurrently(statement: string, then: Rule = may): Rule {
  return (node) => (node.concurrent === true ? `${statement} CONCURRENTLY ${cannotBeRehearsed}` : then(node));
}

const allowed: Readonly<Record<string, Rule>> = {
  AlterDefaultPrivilegesStmt: may,
  AlterDomainStmt: may,
  AlterEnumStmt: (node) =>
    text(node, "oldVal") === ""
      ? "ALTER TYPE … ADD VALUE cannot be rehearsed: a fresh value cannot be used in the transaction that adds it"
      : undefined,
  AlterFunctionStmt: (node) => optionFault(items(node, "actions")),
  AlterObjectSchemaStmt: ofType("objectType"),
  AlterOwnerStmt: ofType("objectType"),
  AlterPolicyStmt: may,
  AlterSeqStmt: may,
  AlterTableStmt: alterTable,
  CommentStmt: ofType("objtype"),
  CompositeTypeStmt: may,
  CreateDomainStmt: may,
  CreateEnumStmt: may,
  CreateFunctionStmt: createFunction,
  CreatePolicyStmt: may,
  CreateSchemaStmt: may,
  CreateSeqStmt: may,
  CreateStatsStmt: may,
  CreateStmt: may,
  CreateTableAsStmt: may,
  CreateTrigStmt: may,
  DeleteStmt: may,
  DoStmt: (node) =>
    languageOf(node, "plpgsql") === "plpgsql" ? undefined : "only DO blocks in plpgsql can be examined",
  DropStmt: notConcurrently("DROP INDEX", ofType("removeType")),
  GrantStmt: ofType("objtype"),
  IndexStmt: notConcurrently("CREATE INDEX"),
  InsertStmt: may,
  MergeStmt: may,
  RefreshMatViewStmt: notConcurrently("REFRESH MATERIALIZED VIEW"),
  RenameStmt: ofType("renameType"),
  RuleStmt: may,
  SelectStmt: may,
  UpdateStmt: may,
  ViewStmt: may,
};

const transactionOfTheEngine = "the engine alone begins and ends the step's transaction";
const settingsOfTheEngine = "the engine sets the role, the timeouts and all else";
const outside = "it reaches outside the database or outside the step's transaction";
const clusterWide = "it concerns the whole cluster, which is not measured";
const textAsSql = "it hides what is run";
const otherLanguages = "what is not SQL or PL/pgSQL cannot be examined";

const refused: Readonly<Record<string, readonly [statement: string, reason: string]>> = {
  AlterDatabaseSetStmt: ["A setting of a database", clusterWide],
  AlterDatabaseStmt: ["ALTER DATABASE", clusterWide],
  AlterEventTrigStmt: ["ALTER EVENT TRIGGER", clusterWide],
  AlterExtensionContentsStmt: ["ALTER EXTENSION", otherLanguages],
  AlterExtensionStmt: ["ALTER EXTENSION", otherLanguages],
  AlterFdwStmt: ["ALTER FOREIGN DATA WRAPPER", outside],
  AlterForeignServerStmt: ["ALTER SERVER", outside],
  AlterPublicationStmt: ["ALTER PUBLICATION", outside],
  AlterRoleSetStmt: ["A setting of a role", clusterWide],
  AlterRoleStmt: ["ALTER ROLE", clusterWide],
  AlterSubscriptionStmt: ["ALTER SUBSCRIPTION", outside],
  AlterSystemStmt: ["ALTER SYSTEM", clusterWide],
  AlterTableMoveAllStmt: ["ALTER … ALL IN TABLESPACE", clusterWide],
  AlterUserMappingStmt: ["ALTER USER MAPPING", outside],
  CallStmt: ["CALL", "a procedure may commit, and what it runs cannot be examined"],
  CheckPointStmt: ["CHECKPOINT", clusterWide],
  ClosePortalStmt: ["CLOSE", textAsSql],
  ClusterStmt: ["CLUSTER", "it rewrites a table to no effect that could be measured"],
  ConstraintsSetStmt: ["SET CONSTRAINTS", "the engine has every constraint checked at once"],
  CopyStmt: ["COPY", "it reads or writes files, programs or the connection"],
  CreateCastStmt: ["CREATE CAST", "functions would be called that no call shows"],
  CreateEventTrigStmt: ["CREATE EVENT TRIGGER", "it would act on the statements of others"],
  CreateExtensionStmt: ["CREATE EXTENSION", otherLanguages],
  CreateFdwStmt: ["CREATE FOREIGN DATA WRAPPER", outside],
  CreateForeignServerStmt: ["CREATE SERVER", outside],
  CreateForeignTableStmt: ["CREATE FOREIGN TABLE", outside],
  CreatePLangStmt: ["CREATE LANGUAGE", otherLanguages],
  CreatePublicationStmt: ["CREATE PUBLICATION", outside],
  CreateRoleStmt: ["CREATE ROLE", clusterWide],
  CreateSubscriptionStmt: ["CREATE SUBSCRIPTION", outside],
  CreateTableSpaceStmt: ["CREATE TABLESPACE", clusterWide],
  CreateUserMappingStmt: ["CREATE USER MAPPING", outside],
  CreatedbStmt: ["CREATE DATABASE", clusterWide],
  DeallocateStmt: ["DEALLOCATE", textAsSql],
  DeclareCursorStmt: ["DECLARE CURSOR", textAsSql],
  DefineStmt: ["CREATE AGGREGATE, OPERATOR, …", "functions would be called that no call shows"],
  DiscardStmt: ["DISCARD", settingsOfTheEngine],
  DropOwnedStmt: ["DROP OWNED", "it drops what it does not name"],
  DropRoleStmt: ["DROP ROLE", clusterWide],
  DropSubscriptionStmt: ["DROP SUBSCRIPTION", outside],
  DropTableSpaceStmt: ["DROP TABLESPACE", clusterWide],
  DropUserMappingStmt: ["DROP USER MAPPING", outside],
  DropdbStmt: ["DROP DATABASE", clusterWide],
  ExecuteStmt: ["EXECUTE", textAsSql],
  ExplainStmt: ["EXPLAIN", "it changes nothing, or more than it shows"],
  FetchStmt: ["FETCH", textAsSql],
  GrantRoleStmt: ["GRANT or REVOKE of a role", clusterWide],
  ImportForeignSchemaStmt: ["IMPORT FOREIGN SCHEMA", outside],
  ListenStmt: ["LISTEN", outside],
  LoadStmt: ["LOAD", "it loads a library into the server"],
  LockStmt: ["LOCK", "the engine locks what the step touches"],
  NotifyStmt: ["NOTIFY", outside],
  PrepareStmt: ["PREPARE", textAsSql],
  ReassignOwnedStmt: ["REASSIGN OWNED", "it changes what it does not name"],
  ReindexStmt: ["REINDEX", "it has no effect that could be measured, and cannot be rehearsed where it is concurrent"],
  SecLabelStmt: ["SECURITY LABEL", "labels are not measured"],
  TransactionStmt: ["Transaction control (BEGIN, COMMIT, ROLLBACK, SAVEPOINT, …)", transactionOfTheEngine],
  TruncateStmt: ["TRUNCATE", "the rows that it removes could not be counted; use DELETE"],
  UnlistenStmt: ["UNLISTEN", outside],
  VacuumStmt: ["VACUUM or ANALYZE", "it has no effect that could be measured, and VACUUM cannot be rehearsed"],
  VariableSetStmt: ["SET or RESET", settingsOfTheEngine],
  VariableShowStmt: ["SHOW", "it changes nothing"],
};

/** Why a statement is refused by its kind, if it is. */
export function statementFault(kind: string, node: Tree): string | undefined {
  const rule = Object.hasOwn(allowed, kind) ? allowed[kind] : undefined;
  if (rule !== undefined) {
    const reason = rule(node);
    return reason === undefined ? undefined : `This statement (${kind}) is refused: ${reason}.`;
  }
  const [statement, reason] = (Object.hasOwn(refused, kind) ? refused[kind] : undefined) ?? [
    "A statement of this kind",
    "it is not among those that a step may have",
  ];
  return `${statement} (${kind}) is refused: ${reason}.`;
}

/** The schema-qualified names of what a statement writes to or defines. */
export function writtenNames(node: Tree): string[][] {
  const relations = [node.relation, node.view, node.sequence, node.typevar, child(node, "into").rel];
  const ofRelations = relations.filter(isTree).map((relation) => relationName(relation));
  const lists = [node.typeName, node.domainname, node.defnames].filter(Array.isArray).map((list) => words(list));
  const own = node.funcname !== undefined && node.trigname === undefined ? [words(items(node, "funcname"))] : [];
  const altered = isTree(node.func) ? [words(items(node.func, "objname"))] : [];
  const objects = [node.object, ...items(node, "objects")].map(objectName);
  return [...ofRelations, ...lists, ...own, ...altered, ...objects].filter((name) => name.length > 0);
}

function relationName(relation: Tree): string[] {
  return [text(relation, "schemaname"), text(relation, "relname")].filter((part) => part !== "");
}

function objectName(object: unknown): string[] {
  const [type, node] = typed(object);
  if (type === "List") return words(items(node, "items"));
  if (type === "ObjectWithArgs") return words(items(node, "objname"));
  if (type === "TypeName") return words(items(node, "names"));
  return type === "RangeVar" ? relationName(node) : [];
}
