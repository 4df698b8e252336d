import { appendFile, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { migrate } from "../../src/database/index.ts";
import { useDatabase } from "../support/cluster.ts";

async function copyOfMigrations(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-migrations-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  await cp(fileURLToPath(new URL("../../migrations", import.meta.url)), directory, { recursive: true });
  return directory;
}

t.test("operations: five services that migrate at once apply each migration once", async (t) => {
  const { ownerUrl } = await useDatabase(t, { migrated: false });
  const applied = await Promise.all(Array.from({ length: 5 }, () => migrate({ ownerUrl })));
  t.equal(applied.filter((names) => names.length > 0).length, 1);
  t.same(await migrate({ ownerUrl }), [], "and again nothing");
});

t.test("operations: an applied migration that was edited stops the start", async (t) => {
  const { ownerUrl } = await useDatabase(t);
  const directory = await copyOfMigrations(t);
  await appendFile(join(directory, "0002_approvals.sql"), "\n-- edited\n");
  await t.rejects(migrate({ ownerUrl, directory }), { code: "MIGRATION_EDITED", message: /0002_approvals/ });
});

t.test("operations: a database that is newer than the service stops the start", async (t) => {
  const { ownerUrl } = await useDatabase(t);
  const directory = await copyOfMigrations(t);
  await writeFile(join(directory, "9999_later.sql"), "CREATE TABLE later (n int);");
  t.same(await migrate({ ownerUrl, directory }), ["9999_later"]);
  await t.rejects(migrate({ ownerUrl }), { code: "DATABASE_NEWER", message: /9999_later/ });
});

t.test("operations: a migration that fails leaves nothing, and is applied once it is right", async (t) => {
  const { ownerUrl } = await useDatabase(t);
  const directory = await copyOfMigrations(t);
  await writeFile(join(directory, "9999_later.sql"), "CREATE TABLE later (n int); SELECT 1 / 0;");
  await t.rejects(migrate({ ownerUrl, directory }));
  await writeFile(join(directory, "9999_later.sql"), "CREATE TABLE later (n int);");
  t.same(await migrate({ ownerUrl, directory }), ["9999_later"]);
});
