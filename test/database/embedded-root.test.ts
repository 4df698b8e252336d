import { execFileSync } from "node:child_process";
import { chmod, chown, mkdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { linkLibraries } from "../../src/database/embedded/binaries.ts";
import { newDataDirectory, postmasterOf, query, start } from "../support/data-directory.ts";

const asRoot = process.getuid?.() === 0 ? {} : { skip: "needs root" };

/** An account that every Unix has. */
const daemon = 1;

async function userOf(pid: number | undefined): Promise<number> {
  return Number(/^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]);
}

t.test("root hands the server to an unprivileged user, and only the cluster's directory", asRoot, async (t) => {
  const dataDir = await newDataDirectory(t);
  await start(t, dataDir);
  const owner = (await stat(path.join(dataDir, "postgres"))).uid;
  t.not(owner, 0);
  t.equal(await userOf(await postmasterOf(dataDir)), owner);
  t.equal((await stat(dataDir)).uid, 0);
  t.equal((await stat(path.join(dataDir, "postgres.json"))).uid, 0);
});

t.test("the owner of the data directory is preferred", asRoot, async (t) => {
  const dataDir = await newDataDirectory(t);
  await chown(dataDir, daemon, daemon);
  const first = await start(t, dataDir);
  t.equal(await userOf(await postmasterOf(dataDir)), daemon);
  await first.stop();
  await chown(dataDir, 0, 0);
  await start(t, dataDir);
  t.equal(await userOf(await postmasterOf(dataDir)), daemon, "the cluster's owner stays");
});

t.test(
  "an owner of the data directory that has no account is no candidate: initdb would refuse it",
  asRoot,
  async (t) => {
    const dataDir = await newDataDirectory(t);
    await chown(dataDir, 43210, 43210);
    await start(t, dataDir);
    t.notMatch(await userOf(await postmasterOf(dataDir)), 43210);
  },
);

t.test("a place that only root can reach: root in a user namespace", asRoot, async (t) => {
  try {
    execFileSync("unshare", ["--user", "--map-user=1000", "--map-group=1000", "true"], { stdio: "ignore" });
  } catch {
    t.comment("user namespaces are not to be had here");
    return;
  }
  const closed = await newDataDirectory(t);
  await chmod(closed, 0o700);
  const dataDir = path.join(closed, "data");
  await mkdir(dataDir);
  for (const round of ["new", "again"]) {
    const server = await start(t, dataDir);
    t.same(await query(server.url("postgres"), "SELECT 1 AS one"), [{ one: 1 }], round);
    await server.stop();
  }
  t.equal((await stat(path.join(dataDir, "postgres"))).uid, 0);
});

t.test("missing library links are made, in the package or beside the data", async (t) => {
  const packageRoot = await newDataDirectory(t);
  const links = await newDataDirectory(t);
  const library = path.join(packageRoot, "native", "lib");
  await mkdir(library, { recursive: true });
  await writeFile(path.join(library, "libone.so.1.2"), "");
  await writeFile(
    path.join(packageRoot, "native", "pg-symlinks.json"),
    JSON.stringify([{ source: "native/lib/libone.so.1.2", target: "native/lib/libone.so.1" }]),
  );
  t.equal(await linkLibraries(packageRoot, links), undefined);
  t.equal(await readlink(path.join(library, "libone.so.1")), "libone.so.1.2");
  t.equal(await linkLibraries(packageRoot, links), undefined, "nothing left to do");
});

t.test("a package that cannot be written to gets its links beside the data", asRoot, async (t) => {
  const packageRoot = await newDataDirectory(t);
  const links = await newDataDirectory(t);
  const library = path.join(packageRoot, "native", "lib");
  await mkdir(library, { recursive: true });
  await writeFile(path.join(library, "libone.so.1.2"), "");
  const listed = [{ source: "native/lib/libone.so.1.2", target: "native/lib/libone.so.1" }];
  await writeFile(path.join(packageRoot, "native", "pg-symlinks.json"), JSON.stringify(listed));
  const script = `
    import { linkLibraries } from ${JSON.stringify(new URL("../../src/database/embedded/binaries.ts", import.meta.url).href)};
    for (let round = 0; round < 2; round += 1) console.log(await linkLibraries(${JSON.stringify(packageRoot)}, ${JSON.stringify(links)}));`;
  const readOnly = `mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" --input-type=module -e "$3"`;
  const printed = execFileSync(
    "unshare",
    ["--mount", "sh", "-c", readOnly, "sh", packageRoot, process.execPath, script],
    { encoding: "utf8" },
  );
  t.equal(printed, `${links}\n${links}\n`);
  t.equal(await readlink(path.join(links, "libone.so.1")), path.join(library, "libone.so.1.2"));
});
