import { createHash } from "node:crypto";
import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import t, { type Test } from "tap";
import { backUpTables, newFolder } from "../support/backups.ts";
import { useTarget } from "../support/runs.ts";

t.setTimeout(120_000);

/** A pg_dump that writes down how it was called, and what it was given to read, and makes the file that it is asked for. */
async function fakeDump(t: Test, fails = false): Promise<{ program: string; readonly told: () => Promise<Told> }> {
  const folder = await newFolder(t);
  const program = path.join(folder, "pg_dump.mjs");
  const script = `#!${process.execPath}
    import { readFileSync, statSync, writeFileSync } from "node:fs";
    const words = process.argv.slice(2);
    const of = (name) => words.find((word) => word.startsWith(name + "="))?.slice(name.length + 1);
    const passfile = new URL(of("--dbname")).searchParams.get("passfile");
    const told = { words, env: process.env, passfile, secret: readFileSync(passfile, "utf8"), mode: statSync(passfile).mode & 0o777 };
    writeFileSync(${JSON.stringify(path.join(folder, "told.json"))}, JSON.stringify(told));
    writeFileSync(of("--file"), "dumped");
    if (${fails}) { console.error("pg_dump: error: it is tired"); process.exit(1); }`;
  await writeFile(program, script);
  await chmod(program, 0o755);
  return { program, told: async () => JSON.parse(await readFile(path.join(folder, "told.json"), "utf8")) as Told };
}

interface Told {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly passfile: string;
  readonly secret: string;
  readonly mode: number;
}

t.test(
  "PLAN-5 pg_dump gets the password in a file of its own, and neither in its words nor in its environment",
  async (t) => {
    const target = await useTarget(t);
    await target.query("CREATE TABLE public.kept (id integer); ALTER TABLE public.kept OWNER TO countersign_owner");
    const { program, told } = await fakeDump(t);
    const password = "s:e\\c %ret/ü";
    const url = Object.assign(new URL(target.url), { password: encodeURIComponent(password) }).href;
    const { directory, backup } = await backUpTables(t, target, ["public.kept"], { pgDump: program, url });
    const { words, env, secret, mode, passfile } = await told();
    const shown = JSON.stringify({ words, env });
    for (const form of [password, encodeURIComponent(password), new URL(url).password]) {
      t.notOk(shown.includes(JSON.stringify(form).slice(1, -1)), "the password is nowhere to be seen");
    }
    t.equal(secret, "*:*:*:*:s\\:e\\\\c %ret/ü\n", "it is in the file, as libpq reads it");
    t.equal(mode, 0o600);
    await t.rejects(stat(passfile), { code: "ENOENT" }, "which is gone afterwards");
    t.ok(words.includes("--table") && words.includes("public.kept"));
    t.match(backup.pg_dump, {
      file: /tables\.dump$/,
      digest: `sha256:${createHash("sha256").update("dumped").digest("hex")}`,
    });
    t.strictSame((await readdir(path.join(directory, backup.directory))).sort(), [
      "backup.json",
      "public.kept.copy",
      "tables.dump",
    ]);
  },
);

t.test("PLAN-5 a password among the URL's parameters is kept out of pg_dump's words as well", async (t) => {
  const target = await useTarget(t);
  await target.query("CREATE TABLE public.kept (id integer); ALTER TABLE public.kept OWNER TO countersign_owner");
  const { program, told } = await fakeDump(t);
  const url = new URL(target.url);
  const { password } = url;
  url.password = "";
  url.searchParams.set("password", password);
  await backUpTables(t, target, ["public.kept"], { pgDump: program, url: url.href });
  t.notOk((await told()).words.join(" ").includes(password));
});

t.test(
  "PLAN-5 without pg_dump, or where it fails, the copy stands and the ledger says why there is no dump",
  async (t) => {
    const target = await useTarget(t);
    await target.query("CREATE TABLE public.kept (id integer); ALTER TABLE public.kept OWNER TO countersign_owner");
    const without = await backUpTables(t, target, ["public.kept"]);
    t.strictSame(without.backup.pg_dump, { skipped: "pg_dump is not there" });
    const { program } = await fakeDump(t, true);
    const failed = await backUpTables(t, target, ["public.kept"], { pgDump: program });
    t.strictSame(failed.backup.pg_dump, { skipped: "pg_dump failed: pg_dump: error: it is tired" });
    const left = await readdir(path.join(failed.directory, failed.backup.directory));
    t.strictSame(left.sort(), ["backup.json", "public.kept.copy"], "nothing of it is left");
  },
);
