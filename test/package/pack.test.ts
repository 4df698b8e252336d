import { readFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import t from "tap";
import { documentedProgram } from "../client/documented.ts";
import { approvalRequest } from "../support/flow.ts";
import { startService } from "../support/service.ts";
import { compilers, expectRun, install, node, pack, root, run, write } from "./packed.ts";

t.setTimeout(280_000);

const packed = await pack(t);
const { project, served } = await install(t, packed.tarball);
const installed = path.join(project, "node_modules/countersign");

/** As strict as a compiler can be asked to be, with the libraries of the package checked too. */
const strict = {
  target: "es2024",
  module: "nodenext",
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  skipLibCheck: false,
};

/** A file of ./project as somebody has it who has the package: it is checked here with the sources, and there with the package. */
async function asOutsider(name: string): Promise<string> {
  const text = await readFile(new URL(`project/${name}`, import.meta.url), "utf8");
  return text.replace("../../../src/client/index.ts", "countersign/client");
}

t.test("operations: the package has what it needs and nothing else", async (t) => {
  const names = packed.files.map((file) => file.path);
  const folders = new Set(names.map((name) => name.split("/")[0]));
  t.strictSame(
    folders,
    new Set(["LICENSE", "README.md", "bin", "dist", "migrations", "openapi", "package.json", "plans"]),
    "nothing of the tests, the benchmarks, the scripts or the sources",
  );
  for (const needed of ["dist/client/index.js", "dist/client/index.d.ts", "dist/client/node.js", "dist/main.js"])
    t.ok(names.includes(needed), needed);
  t.strictSame(
    names.filter((name) =>
      /[.](test|spec)[.]|(^|\/)(tsconfig.*|[.]env.*|credentials[.]json|.*[.](key|pem|log|tgz))$/.test(name),
    ),
    [],
  );
  t.strictSame(
    names.filter(
      (name) => name.startsWith("dist/") && !/[.](js|d[.]ts)$/.test(name) && !name.startsWith("dist/console/"),
    ),
    [],
  );
  const size = packed.files.reduce((sum, file) => sum + file.size, 0);
  t.comment(`${names.length} files, ${size} bytes; ${served.length} packages were asked for when it was installed`);
});

t.test("operations: the package is entered by its doors only", async (t) => {
  const enter = (what: string) => run(node, ["--input-type=module", "-e", `await import("${what}")`], project);
  for (const door of ["countersign/client", "countersign/client/node"]) t.equal((await enter(door)).code, 0, door);
  for (const wall of ["countersign", "countersign/dist/app.js", "countersign/client/client.js"])
    t.match((await enter(wall)).err, /ERR_PACKAGE_PATH_NOT_EXPORTED/, wall);
  const { version } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as { version: string };
  t.equal((await expectRun(node, [path.join(installed, "bin/countersign.js"), "--version"], project)).trim(), version);
});

t.test("operations: strict programs compile with the package's types, and one calls a running service", async (t) => {
  const service = await startService(t);
  await write(project, {
    "program.ts": await asOutsider("program.ts"),
    "types.ts": await asOutsider("types.ts"),
    "reference.ts": await documentedProgram(),
    "tsconfig.json": JSON.stringify({
      compilerOptions: { ...strict, lib: ["es2024", "dom", "dom.iterable"], types: [], outDir: "out" },
      files: ["program.ts", "types.ts", "reference.ts"],
    }),
  });
  for (const compiler of compilers) {
    const { code, out } = await run(compiler, ["-p", "."], project);
    t.equal(code, 0, `${path.basename(compiler)}: no error, in the package's own declarations either\n${out}`);
  }
  const input = JSON.stringify({ url: service.url, tokens: service.tokens, request: approvalRequest() });
  const start =
    "const { main } = await import('./out/program.js'); console.log(JSON.stringify(await main(JSON.parse(process.argv[1]))))";
  const answer = JSON.parse(await expectRun(node, ["--input-type=module", "-e", start, input], project)) as unknown;
  t.match(answer, { listed: 1, approved: "approved", refused: ["NotFound", "NOT_FOUND"], invalid: "Invalid" });
});

t.test("operations: the door for Node has types without a browser's", async (t) => {
  await write(project, {
    "on-node.ts":
      'import { type Client, clientOf } from "countersign/client/node";\nexport const made: Promise<Client> = clientOf("f", "n");\n',
    "tsconfig.node.json": JSON.stringify({
      compilerOptions: { ...strict, lib: ["es2024", "esnext.disposable"], types: ["node"], noEmit: true },
      files: ["on-node.ts"],
    }),
  });
  const { code, out } = await run(compilers[0] ?? "", ["-p", "tsconfig.node.json"], project);
  t.equal(code, 0, out);
});

t.test("operations: a browser gets the client alone", async (t) => {
  const bundle = async (contents: string, platform: "browser" | "node" = "browser") =>
    build({
      stdin: { contents, resolveDir: project },
      bundle: true,
      platform,
      format: "esm",
      minify: true,
      write: false,
      metafile: true,
      logLevel: "silent",
    });
  const { outputFiles, metafile } = await bundle('export { Client, ClientProblem, toCurl } from "countersign/client";');
  const from = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([name, { bytesInOutput }]) => (bytesInOutput > 0 ? [name] : [])),
  );
  t.strictSame(
    from.filter((name) => !name.includes("node_modules/countersign/dist/client/")),
    [],
    "no other package, and nothing of the service",
  );
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  t.comment(`the client in a browser: ${code.length} bytes, ${gzipSync(code).length} gzipped`);
  t.notMatch(Buffer.from(code).toString("utf8"), /\b(node:|require\(|process[.]|Buffer[.])/);
  const everything = await bundle('export * from "countersign/client";');
  t.comment(`with everything, signing keys too: ${gzipSync(everything.outputFiles[0]?.contents ?? "").length} gzipped`);
  await t.rejects(bundle('export * from "countersign/client/node";'), /node:fs/, "the control: a builtin is an error");
});
