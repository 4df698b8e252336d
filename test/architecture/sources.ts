/** The tree as the architecture tests see it: files with their text, parsed where a rule needs to. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Source {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Where a rule is broken, and how. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

/** Every TypeScript file under the named folders of the tree. */
export function sourcesUnder(...folders: string[]): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
      .toSorted()
      .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") })),
  );
}

/** Calls `visit` with every node of the file, parents first. */
export function walk(source: Source, visit: (node: ts.Node, file: ts.SourceFile) => void): void {
  const file = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.Latest, true);
  const step = (node: ts.Node): void => {
    visit(node, file);
    ts.forEachChild(node, step);
  };
  step(file);
}

/** A finding at a node's line. */
export function at(source: Source, node: ts.Node, what: string): Finding {
  const file = node.getSourceFile();
  return { path: source.path, line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1, what };
}

/** The module that a declaration imports from, without `node:`; undefined for other nodes. */
export function importedModule(node: ts.Node): string | undefined {
  if (!ts.isImportDeclaration(node) || !ts.isStringLiteral(node.moduleSpecifier)) return undefined;
  return node.moduleSpecifier.text.replace(/^node:/, "");
}

/** One line a finding, for a test's message. */
export function show(findings: readonly Finding[]): string[] {
  return findings.map(({ path, line, what }) => `${path}:${line} ${what}`);
}
