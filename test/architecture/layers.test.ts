import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import t from "tap";
import { root } from "./sources.ts";

const require = createRequire(import.meta.url);
const configuration = join(root, ".dependency-cruiser.cjs");
const cruiser = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");

const { forbidden } = require(configuration) as { forbidden: { name: string }[] };
const layersWithDoor = forbidden.flatMap(({ name }) => (name.startsWith("door-") ? [name.slice("door-".length)] : []));

/** Folders of src/ that stand outside the row of layers, each with rules of its own or under the wiring's. */
const besideTheLayers = ["kernel", "cli", "client", "console", "bootstrap"];

/** The rules that a small tree breaks, by name. */
function brokenRules(files: Parameters<typeof t.testdir>[0]): string[] {
  const directory = t.testdir(files);
  for (const name of ["package.json", "tsconfig.json"]) copyFileSync(join(root, name), join(directory, name));
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [cruiser, "--config", configuration, "--output-type", "json", "src"],
    { cwd: directory, encoding: "utf8", maxBuffer: 2 ** 26 },
  );
  if (!stdout.startsWith("{")) throw new Error(stderr);
  const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string } }[] } };
  return [...new Set(summary.violations.map(({ rule }) => rule.name))].toSorted();
}

t.test("the layer checker reports each kind of breach", async (t) => {
  const broken = brokenRules({
    src: {
      kernel: { "low.ts": 'import type { G } from "../grants/index.ts";\nexport type K = G;' },
      grants: {
        "index.ts": 'export * from "./store.ts";',
        "store.ts":
          'import type { FastifyInstance } from "fastify";\nimport pg from "pg";\nexport type G = FastifyInstance;\nexport const p = pg;',
      },
      http: {
        "route.ts":
          'import { p } from "../grants/store.ts";\nimport { c } from "../client/call.ts";\nimport fc from "fast-check";\nimport { config } from "../config.ts";\nexport const all = [p, c, fc, config];',
      },
      client: { "call.ts": 'import "../leases/index.ts";\nexport const c = 1;' },
      cli: { "main.ts": 'import "../grants/index.ts";' },
      leases: {
        "index.ts": 'export const late = () => import("../http/route.ts");\nexport * from "./one.ts";',
        "one.ts": 'import "./two.ts";\nimport "./absent.ts";',
        "two.ts": 'import "./one.ts";',
        "lonely.ts": "export const lonely = 1;",
      },
      "config.ts": "export const config = 1;",
    },
  });
  t.strictSame(broken, [
    "cli-comes-by-the-client",
    "client-stands-apart",
    "domains-without-transport",
    "door-grants",
    "door-http",
    "layer-kernel",
    "layer-leases",
    "layers-below-wiring",
    "no-circular",
    "no-orphans",
    "nothing-below-cli-and-client",
    "pg-only-in-database",
    "resolvable",
    "src-without-development-packages",
  ]);
});

t.test("the layer checker lets a proper tree pass", async (t) => {
  const broken = brokenRules({
    src: {
      kernel: { "low.ts": "export const low = 1;" },
      database: {
        "index.ts": 'import pg from "pg";\nimport { low } from "../kernel/low.ts";\nexport const d = [pg, low];',
      },
      grants: {
        "index.ts": 'export * from "./store.ts";',
        "store.ts": 'import { d } from "../database/index.ts";\nexport const g = d;',
      },
      http: {
        "index.ts":
          'import fastify from "fastify";\nimport { g } from "../grants/index.ts";\nexport const h = [fastify, g];',
      },
      client: { "index.ts": 'import { low } from "../kernel/low.ts";\nexport const c = low;' },
      cli: {
        "main.ts":
          'import { c } from "../client/index.ts";\nimport { app } from "../app.ts";\nexport const m = [c, app];',
      },
      "app.ts": 'import { h } from "./http/index.ts";\nexport const app = h;',
    },
  });
  t.strictSame(broken, []);
});

t.test("each folder of src/ has its place among the layers", async (t) => {
  const folders = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const unknown = folders
    .map(({ name }) => name)
    .filter((name) => ![...layersWithDoor, ...besideTheLayers].includes(name));
  t.strictSame(unknown, [], "named in .dependency-cruiser.cjs");
});

t.test("each domain folder has its door, and its states where it changes a status", async (t) => {
  const present = layersWithDoor.filter((name) => existsSync(join(root, "src", name)));
  for (const name of present) {
    const has = (file: string): boolean => existsSync(join(root, "src", name, file));
    t.ok(has("index.ts"), `${name}/index.ts`);
    const store = has("store.ts") ? readFileSync(join(root, "src", name, "store.ts"), "utf8") : "";
    if (/\bset\s+status\s*=/i.test(store))
      t.ok(has("states.ts"), `${name}/states.ts, since its store changes a status`);
  }
});
