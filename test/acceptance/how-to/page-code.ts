import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Owner } from "../../support/service.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** What the blocks import, as it is found from here. */
const imported: Readonly<Record<string, string>> = {
  "countersign/client": new URL("../../../src/client/index.ts", import.meta.url).href,
  standardwebhooks: import.meta.resolve("standardwebhooks"),
};

/**
 * The JavaScript blocks of a page, as files that can be run: `countersign/client` is the client's source.
 * @param names what each block is called, in order
 * @returns the folder
 */
export function writeBlocks(t: Owner, page: string, names: readonly string[]): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), "countersign-blocks-"));
  t.teardown(async () => rmSync(directory, { recursive: true, force: true }));
  const text = readFileSync(path.join(root, page), "utf8");
  const blocks = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  if (blocks.length !== names.length) throw new Error(`${page} has ${blocks.length} blocks, not ${names.length}`);
  for (const [index, name] of names.entries()) {
    const code = (blocks[index] ?? "").replaceAll(
      /(?<= from )"([\w/]+)"/g,
      (_, what: string) => `"${imported[what] ?? what}"`,
    );
    writeFileSync(path.join(directory, name), code);
  }
  return directory;
}
