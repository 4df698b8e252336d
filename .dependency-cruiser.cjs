/**
 * The layers of the service. A folder of src/ may import what stands left of it, never what stands right; a domain is
 * entered through its index.ts. `npm run layers` checks it, and test/architecture/layers.test.ts checks the checker.
 */
const layers = [
  "kernel",
  "plan-file",
  "database",
  "evidence",
  "principals",
  "sessions",
  "idempotency",
  "signatures",
  "leases",
  "holds",
  "approvals",
  "scopes",
  "rehearsals",
  "grants",
  "runs",
  "plans",
  "lifecycle",
  "bundles",
  "webhooks",
  "dispatch",
  "doctor",
  "recovery",
  "http",
];

/** Layers whose files may be imported one by one: small, pure, without a state of their own. */
const withoutDoor = ["kernel"];
const domains = layers.filter((layer) => layer !== "http");
const doors = layers.filter((layer) => !withoutDoor.includes(layer));
const anyOf = (names) => `(${names.join("|")})`;

/**
 * Further doors beside a folder's index.ts: parts that are wired on their own, so that a start loads no more than it
 * needs yet (the log is there before the HTTP server is loaded, the embedded database only where it is used).
 */
const furtherDoors = {
  database: ["embedded/index"],
  runs: ["builds/c1-vocabulary/index"],
  http: ["routes/index", "logging"],
};

/** src/app.ts, src/main.ts, their neighbours and bootstrap/ put the layers together; only cli/ may stand above them. */
const wiring = "^src/([^/]+[.]ts$|bootstrap/)";

const upwards = layers.slice(0, -1).map((layer, position) => ({
  name: `layer-${layer}`,
  comment: `${layer}/ may import only what stands left of it: ${layers.slice(0, position).join(", ") || "nothing"}.`,
  severity: "error",
  from: { path: `^src/${layer}/` },
  to: { path: `^src/${anyOf(layers.slice(position + 1))}/` },
}));

const doorRules = doors.map((layer) => ({
  name: `door-${layer}`,
  comment: `${layer}/ is reached only through its index.ts from elsewhere in src/.`,
  severity: "error",
  from: { path: "^(src|bin|scripts)/", pathNot: `^src/(${layer}/|client/(shapes|codes)[.]ts$)` },
  to: { path: `^src/${layer}/`, pathNot: `^src/${layer}/${anyOf(["index", ...(furtherDoors[layer] ?? [])])}[.]ts$` },
}));

module.exports = {
  forbidden: [
    ...upwards,
    ...doorRules,
    {
      name: "no-circular",
      comment: "No import circle, not even of types: what two files share belongs in a third, lower one.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "layers-below-wiring",
      comment: "No layer imports app.ts, main.ts, config.ts or bootstrap/: what it needs is handed to it.",
      severity: "error",
      from: { path: `^src/${anyOf(layers)}/` },
      to: { path: wiring },
    },
    {
      name: "nothing-below-cli-and-client",
      comment: "cli/, client/ and console/ come in by the same door as outsiders; the service does not know them.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(cli|client|console)/" },
      to: { path: "^src/(cli|client|console)/" },
    },
    {
      name: "console-comes-by-the-client",
      comment: "The console runs in a browser: it knows the client, and of the domains only types.",
      severity: "error",
      from: { path: "^src/console/" },
      to: { path: "^src/", pathNot: "^src/(console|client)/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "client-stands-apart",
      comment: "The client knows the service's HTTP contract and the kernel's plain values, of the domains only types.",
      severity: "error",
      from: { path: "^src/client/" },
      to: { path: "^src/", pathNot: "^src/(client|kernel)/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "client-knows-shapes",
      comment:
        "The client's types come straight from the files of shapes and codes, past the doors: published, they need nothing of the service.",
      severity: "error",
      from: { path: "^src/client/(shapes|codes)[.]ts$" },
      to: { path: "^src/", pathNot: ["^src/(client|kernel)/", "/(schemas|errors)[.]ts$"] },
    },
    {
      name: "cli-comes-by-the-client",
      comment:
        "Commands talk HTTP through client/; plan files are read off-line; serve, migrate and token wire the service.",
      severity: "error",
      from: { path: "^src/cli/", pathNot: "^src/cli/audit" },
      to: { path: "^src/", pathNot: ["^src/(cli|client|kernel|plan-file|database|principals)/", wiring] },
    },
    {
      name: "cli-checks-exports-off-line",
      comment: "Commands about the audit log check its exports without a service, by the same code that made them.",
      severity: "error",
      from: { path: "^src/cli/audit" },
      to: { path: "^src/", pathNot: ["^src/(cli|client|kernel)/", "^src/evidence/index[.]ts$", wiring] },
    },
    {
      name: "domains-without-transport",
      comment: "A domain does not know that it is served over HTTP.",
      severity: "error",
      from: { path: `^src/${anyOf(domains)}/` },
      to: { path: "(^|node_modules/)(fastify|fastify-plugin|@fastify/[^/]+|prom-client)(/|$)" },
    },
    {
      name: "pg-only-in-database",
      comment: "Every statement of the service goes through database/ and its transaction.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/database/" },
      to: { path: "(^|node_modules/)(pg|pg-[^/]+|node-pg-migrate)(/|$)" },
    },
    {
      name: "src-without-tests",
      comment: "What ships does not import tests, benchmarks or scripts.",
      severity: "error",
      from: { path: "^(src|bin)/" },
      to: { path: "^(test|bench|scripts)/" },
    },
    {
      name: "src-without-development-packages",
      comment: "What ships runs with `npm ci --omit=dev`.",
      severity: "error",
      // The console is put into one file when the service is built: its packages are in that file.
      from: { path: "^(src|bin)/", pathNot: "^src/console/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "declared-packages-only",
      comment: "A package that is used is named in package.json.",
      severity: "error",
      from: {},
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "resolvable",
      comment: "Every import leads somewhere.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-deprecated-core",
      severity: "error",
      from: {},
      to: { dependencyTypes: ["core"], path: "^(punycode|domain|constants|sys|_linklist|_stream_wrap)$" },
    },
    {
      name: "no-orphans",
      comment: "A file that imports nothing and that nothing imports is dead.",
      severity: "error",
      from: { orphan: true, path: "^src/", pathNot: "[.]d[.]ts$" },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    parser: "tsc",
    skipAnalysisNotInRules: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["node", "import", "require", "default", "types"],
      mainFields: ["main", "types"],
    },
  },
};
