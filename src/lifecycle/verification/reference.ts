import { readFileSync } from "node:fs";
import type { Tx } from "../../database/index.ts";
import { type Catalog, readCatalog } from "./catalog/read.ts";
import { selectNamesOwnedBy } from "./catalog/store.ts";
import { selectConfig } from "./contents/store.ts";
import { owner } from "./expected.ts";

export interface ReferenceFunction {
  readonly body_md5: string;
  readonly definer: boolean;
  readonly language: string;
  readonly settings: readonly string[];
}

/** Bodies, triggers and shapes of one stage. */
export interface Stage {
  /** By qualified name, without arguments: each stands once. */
  readonly functions: Readonly<Record<string, ReferenceFunction>>;
  /** By table and name: the definition, and how it is enabled (`A` always, `O` by origin). */
  readonly triggers: Readonly<Record<string, { readonly definition: string; readonly enabled: string }>>;
  readonly relations: Readonly<
    Record<
      string,
      {
        readonly columns: readonly string[];
        readonly indexes: readonly string[];
        readonly constraints: readonly string[];
      }
    >
  >;
  readonly config: Readonly<Record<string, string>>;
}

/** The keys of dot_config whose values the roll-out gives. */
export const configPattern = "^(iu_create[.]gateway|iu_enact|iu_amend_identity_profile)[.]";

/** The same of the base, after the roll-out and after the backlog. */
export interface Reference {
  readonly base: Stage;
  readonly enactment: Stage;
  readonly backlog: Stage;
}

/** Made of plans/fixtures/lifecycle.sql and the two plans, by scripts/generators/lifecycle.ts. */
const file = new URL("../../../migrations/builds/lifecycle-gateway.json", import.meta.url);

let loaded: Reference | undefined;

export function reference(): Reference {
  loaded ??= JSON.parse(readFileSync(file, "utf8")) as Reference;
  return loaded;
}

/** One stage as it is in a database that was just set up; what the generator writes down. */
export async function readStage(tx: Tx): Promise<Stage> {
  const names = await selectNamesOwnedBy(tx, owner, ["public", "cutter_governance"]);
  const config = await selectConfig(tx, configPattern);
  return {
    ...stageOf(await readCatalog(tx, names)),
    config: Object.fromEntries(config.map((row) => [row.key, row.value])),
  };
}

function stageOf(catalog: Catalog): Omit<Stage, "config"> {
  return {
    functions: Object.fromEntries(
      catalog.functions.map(({ name, body_md5, definer, language, settings }) => [
        name,
        { body_md5, definer, language, settings },
      ]),
    ),
    triggers: Object.fromEntries(
      catalog.triggers.map(({ table, name, definition, enabled }) => [`${table}.${name}`, { definition, enabled }]),
    ),
    relations: Object.fromEntries(
      catalog.relations.map(({ name, columns, indexes, constraints }) => [name, { columns, indexes, constraints }]),
    ),
  };
}
