/** What the files in scripts/generators/ have in common: each writes committed files from the sources. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface Generator {
  /** Said in messages. */
  readonly name: string;
  /** Folders, from the root, that hold nothing but this generator's files: what it no longer makes there is stale. */
  readonly owns?: readonly string[];
  /** The files: path from the root to content, the same at every call on the same sources. */
  produce(): Promise<ReadonlyMap<string, string>>;
}

export interface Difference {
  readonly path: string;
  readonly is: "missing" | "changed" | "stale";
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function filesUnder(root: string, folder: string): Promise<string[]> {
  try {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll("\\", "/").replace(/^\//, ""));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/**
 * Compares what a generator makes with what stands in the tree.
 * @param root absolute path of the tree
 * @param files what the generator made
 * @param owns folders that are the generator's alone
 * @returns the differences, by path
 */
export async function differences(
  root: string,
  files: ReadonlyMap<string, string>,
  owns: readonly string[] = [],
): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const [path, content] of files) {
    const present = await readIfThere(join(root, path));
    if (present === undefined) found.push({ path, is: "missing" });
    else if (present !== content) found.push({ path, is: "changed" });
  }
  for (const folder of owns) {
    for (const path of await filesUnder(root, folder)) {
      if (!files.has(path)) found.push({ path, is: "stale" });
    }
  }
  return found.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

/**
 * Brings the tree to what a generator made: writes what is missing or changed, removes what is stale.
 * @param root absolute path of the tree
 * @param files what the generator made
 * @param found what `differences` answered
 */
export async function settle(
  root: string,
  files: ReadonlyMap<string, string>,
  found: readonly Difference[],
): Promise<void> {
  for (const { path } of found) {
    const content = files.get(path);
    if (content === undefined) {
      await rm(join(root, path));
    } else {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
  }
}

const lineWidth = 120;

/** The formatter has lists of strings on one line where they fit. */
function shortLists(text: string): string {
  return text.replace(/^( *(?:"[^"\n]*": )?)\[\n((?: *"[^\n]*",?\n)+) *\](,?)$/gm, (written, before, items, comma) => {
    const line = `${before}[${String(items).trim().replace(/,\n */g, ", ")}]${comma}`;
    return line.length <= lineWidth ? line : written;
  });
}

/** The text of a JSON file as the formatter leaves it. */
export function jsonFile(content: object): string {
  return `${shortLists(JSON.stringify(content, null, 2))}\n`;
}
