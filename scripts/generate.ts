/**
 * Writes the committed files that are made from the sources: the OpenAPI document, the state pictures, the schema dump,
 * the reference pages. Each file in scripts/generators/ exports one generator as its default.
 *
 *   npm run generate                  writes what differs
 *   npm run generate -- openapi       only the generators whose file name contains "openapi"
 *   npm run drift                     writes nothing; fails, with the paths, where the tree differs
 */
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { differences, type Generator, settle } from "./generator.ts";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[/\\]$/, "");
const folder = new URL("generators/", import.meta.url);

const args = process.argv.slice(2);
const checking = args.includes("--check");
const wanted = args.filter((argument) => !argument.startsWith("--"));

const names = (await readdir(folder)).filter((name) => name.endsWith(".ts")).toSorted();
const chosen = names.filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
if (chosen.length === 0) {
  console.error(`no generator matches; there are: ${names.join(", ") || "none"}`);
  process.exit(2);
}

let drifted = 0;
for (const name of chosen) {
  const { default: generator } = (await import(new URL(name, folder).href)) as { default: Generator };
  const files = await generator.produce();
  const found = await differences(root, files, generator.owns);
  if (!checking) await settle(root, files, found);
  for (const { path, is } of found) console.log(`${generator.name}: ${path} ${checking ? is : `written (was ${is})`}`);
  drifted += found.length;
}

if (checking && drifted > 0) {
  console.error("The committed files differ from what the sources give: run `npm run generate` and commit the result.");
  process.exitCode = 1;
}
