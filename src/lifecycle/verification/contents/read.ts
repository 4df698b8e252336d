import { isDatabaseError, mayPass, type Tx } from "../../../database/index.ts";
import { governedTables, icxPrefix } from "../expected.ts";
import {
  compareWithLog,
  countByStatus,
  countRows,
  selectConfig,
  selectVocabulary,
  type Told,
  type VocabularyRow,
} from "./store.ts";

/** What could be read, or why it could not. */
export type Read<T> = { readonly value: T } | { readonly refused: string };

export interface Contents {
  readonly vocabulary: Read<readonly VocabularyRow[]>;
  readonly config: Read<Readonly<Record<string, string>>>;
  readonly icx: Read<readonly { status: string; n: number }[]>;
  readonly counts: Readonly<Record<string, number | null>>;
  readonly told: Read<Told>;
}

/** Reads what the governed tables hold; a table that is missing or closed to the login is a finding, never an error. */
export async function readContents(tx: Tx, tables: readonly string[]): Promise<Contents> {
  const read = <T>(needed: readonly string[], work: () => Promise<T>): Promise<Read<T>> => {
    const missing = needed.filter((table) => !tables.includes(table));
    return missing.length === 0 ? attempt(tx, work) : Promise.resolve({ refused: `there is no ${missing.join(", ")}` });
  };
  const hasLog = tables.includes("public.iu_lifecycle_log");
  const units = [
    "public.information_unit",
    "public.unit_version",
    "public.dot_config",
    "cutter_governance.review_decision",
  ];
  return {
    vocabulary: await read(["public.iu_lifecycle_vocab"], () => selectVocabulary(tx)),
    config: await read(["public.dot_config"], async () =>
      Object.fromEntries(
        (await selectConfig(tx, "^(iu_create|iu_enact|iu_amend_identity_profile)[.]")).map((row) => [
          row.key,
          row.value,
        ]),
      ),
    ),
    icx: await read(["public.information_unit"], () => countByStatus(tx, icxPrefix)),
    counts: await countAll(tx, tables),
    told: await read(units, () => compareWithLog(tx, hasLog)),
  };
}

/** The rows of each governed table; null for one that is missing or closed to the login. */
export async function countAll(tx: Tx, tables: readonly string[]): Promise<Record<string, number | null>> {
  const counts: Record<string, number | null> = {};
  for (const table of governedTables) {
    const read = tables.includes(table) ? await attempt(tx, () => countRows(tx, table)) : undefined;
    counts[table] = read !== undefined && "value" in read ? read.value : null;
  }
  return counts;
}

async function attempt<T>(tx: Tx, work: () => Promise<T>): Promise<Read<T>> {
  try {
    return { value: await tx.savepoint(work) };
  } catch (error) {
    if (!isDatabaseError(error) || mayPass(error)) throw error;
    return { refused: (error as Error).message };
  }
}
