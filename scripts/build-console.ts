/**
 * Builds the console: `src/console/main.ts` and what it imports become `dist/console/`, with a page, assets whose names
 * change with their content, and both compressed beside them. Prints the sizes as they travel.
 *
 *   npm run console
 *   npm run console -- --quiet       prints nothing but errors
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import { build, type Metafile } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const entry = "src/console/main.ts";
const firstScreen = ["src/console/screens/inbox/index.ts", "src/console/texts/en/index.ts"];
const folder = path.join(root, "dist/console");
const compressors = { gz: promisify(gzip), br: promisify(brotliCompress) };
/** Smaller than this, a compressed file saves no packet. Bytes. */
const worthCompressing = 1_024;

interface Built {
  /** Below `dist/console/`, with slashes. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Size {
  readonly bytes: number;
  readonly gzip: number;
}

async function main(): Promise<void> {
  if (!existsSync(path.join(root, entry))) throw new Error(`${entry} is not there`);
  const { assets, metafile } = await bundle();
  const page: Built = { name: "index.html", bytes: Buffer.from(await pageOf(metafile)) };
  const sizes: Record<string, Size> = {};
  // The page last: whoever reads it finds all that it names.
  for (const file of [...assets, page]) {
    const gzipped = await compressors.gz(file.bytes, { level: 9 });
    sizes[file.name] = { bytes: file.bytes.length, gzip: gzipped.length };
    await put(file.name, file.bytes);
    if (file.bytes.length < worthCompressing) continue;
    await put(`${file.name}.gz`, gzipped);
    await put(`${file.name}.br`, await compressors.br(file.bytes));
  }
  const javascript = {
    all_gzip: javascriptOf(sizes, Object.keys(sizes)),
    // What a person waits for who opens the console: their own list, in one language.
    inbox_gzip: javascriptOf(sizes, namesFor(metafile, [entry, ...firstScreen])),
  };
  await put("manifest.json", `${JSON.stringify({ files: sizes, javascript }, null, 2)}\n`);
  await removeOthers(sizes);
  if (!process.argv.includes("--quiet")) report(sizes, javascript);
}

async function bundle(): Promise<{ readonly assets: Built[]; readonly metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outdir: "dist/console",
    entryNames: "assets/[name]-[hash]",
    chunkNames: "assets/[name]-[hash]",
    assetNames: "assets/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    // Licences of packages travel beside the files that hold them.
    legalComments: "linked",
    charset: "utf8",
    loader: { ".svg": "file", ".woff2": "file" },
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const assets = outputFiles.map(({ path: file, contents }) => ({
    name: path.relative(folder, file).split(path.sep).join("/"),
    bytes: contents,
  }));
  return { assets, metafile };
}

/** The console's own page, or a bare one, with the links to what was built. */
async function pageOf(metafile: Metafile): Promise<string> {
  const [file, output] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === entry) ?? [];
  if (file === undefined || output === undefined) throw new Error(`nothing was made of ${entry}`);
  // What is needed at once is fetched at once, not when the file that imports it has come.
  const needed = output.imports.filter(({ kind }) => kind === "import-statement").map((imported) => imported.path);
  const links = [
    ...(output.cssBundle === undefined ? [] : [`<link rel="stylesheet" href="${url(output.cssBundle)}">`]),
    ...needed.map((chunk) => `<link rel="modulepreload" href="${url(chunk)}">`),
    `<script type="module" src="${url(file)}"></script>`,
  ];
  const own = path.join(root, "src/console/index.html");
  const template = existsSync(own) ? await readFile(own, "utf8") : barePage;
  return template.replace("</head>", () => `${links.join("\n")}\n</head>`);
}

function url(file: string): string {
  return `/console/${path.posix.relative("dist/console", file)}`;
}

const barePage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Countersign</title>
<link rel="icon" href="data:,">
</head>
<body>
<noscript>The console needs JavaScript. Everything in it can be done with the API and the command line too.</noscript>
</body>
</html>
`;

/** Several builds may run at once (tests start many services): a file is there whole or not at all. */
async function put(name: string, content: Uint8Array | string): Promise<void> {
  const target = path.join(folder, name);
  await mkdir(path.dirname(target), { recursive: true });
  const partial = `${target}.${process.pid}.partial`;
  await writeFile(partial, content);
  await rename(partial, target);
}

async function removeOthers(sizes: Readonly<Record<string, Size>>): Promise<void> {
  const assets = path.join(folder, "assets");
  for (const file of await readdir(assets)) {
    const name = `assets/${file.replace(/\.(gz|br)$/, "")}`;
    // A partial file is another build's.
    if (sizes[name] === undefined && !file.endsWith(".partial")) await rm(path.join(assets, file), { force: true });
  }
}

/** The files that are loaded for these sources: what they were put into, and whatever that imports at once. */
function namesFor({ outputs }: Metafile, sources: readonly string[]): string[] {
  const found = new Set<string>();
  const add = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    for (const imported of outputs[file]?.imports ?? []) {
      if (imported.kind === "import-statement" && imported.external !== true) add(imported.path);
    }
  };
  for (const [file, { entryPoint }] of Object.entries(outputs)) {
    if (entryPoint !== undefined && sources.includes(entryPoint)) add(file);
  }
  return [...found].map((file) => path.posix.relative("dist/console", file));
}

function javascriptOf(sizes: Readonly<Record<string, Size>>, names: readonly string[]): number {
  return names.filter((name) => name.endsWith(".js")).reduce((sum, name) => sum + (sizes[name]?.gzip ?? 0), 0);
}

function report(
  sizes: Readonly<Record<string, Size>>,
  javascript: { readonly all_gzip: number; readonly inbox_gzip: number },
): void {
  for (const [name, { bytes, gzip: gzipped }] of Object.entries(sizes))
    console.log(`${name.padEnd(44)} ${kilobytes(bytes)}  ${kilobytes(gzipped)} gzipped`);
  console.log(`${"JavaScript that the inbox loads".padEnd(56)} ${kilobytes(javascript.inbox_gzip)} gzipped`);
  console.log(`${"JavaScript of all screens and languages".padEnd(56)} ${kilobytes(javascript.all_gzip)} gzipped`);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} kB`.padStart(10);
}

try {
  await main();
} catch (error) {
  console.error(`the console could not be built: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
