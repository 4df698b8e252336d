import { execFile } from "node:child_process";
import { access, readFile, utimes } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import t from "tap";
import { ensureConsole, isConsoleStale } from "../../src/bootstrap/console.ts";
import { startHarness } from "../http/harness.ts";

t.setTimeout(120_000);

const root = new URL("../../", import.meta.url);
const built = (name: string): URL => new URL(`dist/console/${name}`, root);

interface Manifest {
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly gzip: number }>>;
  readonly javascript: { readonly all_gzip: number; readonly inbox_gzip: number };
}

t.test(
  "operations: the console is built into files with hashed names that its page names and the service serves",
  async (t) => {
    const script = new URL("scripts/build-console.ts", root).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, [script]);
    t.match(stdout, /assets\/main-[A-Z0-9]+\.js .* kB gzipped/);
    t.match(stdout, /JavaScript that the inbox loads +[\d.]+ kB gzipped/);
    const { files, javascript } = JSON.parse(await readFile(built("manifest.json"), "utf8")) as Manifest;
    t.ok(javascript.inbox_gzip > 0 && javascript.inbox_gzip < 60_000, `the inbox loads ${javascript.inbox_gzip} bytes`);
    t.ok(javascript.inbox_gzip <= javascript.all_gzip);

    const { app } = await startHarness(t);
    const page = await app.inject("/console/");
    t.equal(page.statusCode, 200);
    const named = [...page.payload.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)].map((match) => match[1] ?? "");
    t.ok(named.some((url) => /main-[A-Z0-9]+\.js$/.test(url)));
    for (const url of named) t.match((await app.inject(url)).headers["cache-control"], /immutable/, url);
    t.notMatch(
      page.payload,
      /<script(?![^>]* src=)|<style|style=|javascript:|\son[a-z]+=/i,
      "nothing that the policy forbids",
    );
    for (const name of Object.keys(files).filter((one) => one !== "index.html")) {
      t.match(name, /^assets\/[\w.-]+-[A-Z0-9]{8}\.[\w.]+$/);
      const content = await readFile(built(name));
      t.equal((await app.inject(`/console/${name}`)).rawPayload.compare(content), 0, name);
      if (content.length < 1_024) continue;
      t.equal(gunzipSync(await readFile(built(`${name}.gz`))).compare(content), 0);
      t.equal(brotliDecompressSync(await readFile(built(`${name}.br`))).compare(content), 0);
    }
  },
);

t.test("operations: a start builds the console where its sources are newer, and not otherwise", async (t) => {
  await ensureConsole();
  t.equal(await isConsoleStale(), false);
  const page = built("index.html");
  await utimes(page, new Date(0), new Date(0));
  t.equal(await isConsoleStale(), true);
  // Several services may be started at once.
  t.same(await Promise.all([ensureConsole(), ensureConsole(), ensureConsole()]), [undefined, undefined, undefined]);
  t.equal(await isConsoleStale(), false);
  await access(page);
  t.equal(await ensureConsole(), undefined);
});
