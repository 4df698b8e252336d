import { rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, gzipSync } from "node:zlib";
import t, { type Test } from "tap";
import { startHarness } from "./harness.ts";

const page = '<!doctype html><script type="module" src="/console/assets/main-ABC.js"></script>';
const script = `export const text = "${"x".repeat(2_000)}";`;
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html";

async function serve(t: Test) {
  const directory = t.testdir({
    secret: "not to be had",
    console: {
      "index.html": page,
      "manifest.json": "{}",
      assets: {
        "main-ABC.js": script,
        "main-ABC.js.gz": gzipSync(script),
        "main-ABC.js.br": brotliCompressSync(script),
        "style-DEF.css": "a{}",
        "odd-GHI.exe": "no type of ours",
      },
    },
  });
  const consoleDirectory = join(directory, "console");
  const { app } = await startHarness(t, { consoleDirectory });
  return { app, consoleDirectory };
}

t.test(
  "operations: the console's page is served under every address of its own, with the strictest policy",
  async (t) => {
    const { app } = await serve(t);
    for (const url of ["/console/", "/console/runs/abc", "/console/callback?code=c&state=s", "/console/grants/GBA-1"]) {
      const answer = await app.inject({ url, headers: { accept: "text/html" } });
      t.equal(answer.statusCode, 200, url);
      t.equal(answer.payload, page);
      t.match(answer.headers, {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
      });
    }
    const redirect = await app.inject("/console");
    t.match([redirect.statusCode, redirect.headers["location"]], [308, "/console/"]);
    const dotted = { url: "/console/plans/phase.1/2" };
    t.equal((await app.inject({ ...dotted, headers: { accept: "text/html,*/*" } })).payload, page, "a name with a dot");
    t.equal((await app.inject(dotted)).statusCode, 404, "but what is no page is not answered with one");
  },
);

t.test("operations: assets are kept for good, and sent as small as the client takes them", async (t) => {
  const { app } = await serve(t);
  const url = "/console/assets/main-ABC.js";
  const ask = (encoding?: string) =>
    app.inject({ url, headers: encoding === undefined ? {} : { "accept-encoding": encoding } });
  const plain = await ask();
  t.equal(plain.payload, script);
  t.match(plain.headers, {
    "content-type": "text/javascript; charset=utf-8",
    "cache-control": "public, max-age=31536000, immutable",
    vary: "accept-encoding",
    etag: /^W\/"[\w-]{27}"$/,
  });
  t.notOk(plain.headers["content-encoding"]);
  for (const [accepts, coding] of [
    ["gzip, deflate, br", "br"],
    ["gzip", "gzip"],
    ["br;q=0, gzip;q=1.0", "gzip"],
    ["identity", undefined],
    ["gzip;q=0", undefined],
    ["brotli", undefined],
  ] as const) {
    t.equal((await ask(accepts)).headers["content-encoding"], coding, accepts);
  }
  t.equal(brotliDecompressSync((await ask("br")).rawPayload).toString(), script);
  t.match((await app.inject("/console/assets/style-DEF.css")).headers, { "content-type": "text/css; charset=utf-8" });
});

t.test("operations: HEAD says what GET would, and If-None-Match spares the rest", async (t) => {
  const { app } = await serve(t);
  for (const url of ["/console/", "/console/assets/main-ABC.js"]) {
    const got = await app.inject(url);
    const head = await app.inject({ method: "HEAD", url });
    t.equal(head.statusCode, 200);
    t.equal(head.payload, "");
    for (const name of ["etag", "content-type", "content-length", "cache-control", "content-security-policy"])
      t.equal(head.headers[name], got.headers[name], `${url} ${name}`);
    const etag = String(got.headers["etag"]);
    for (const sent of [etag, etag.replace("W/", ""), "*", `"x", ${etag}`]) {
      const same = await app.inject({ url, headers: { "if-none-match": sent } });
      t.match([same.statusCode, same.payload, same.headers["etag"]], [304, "", etag], sent);
    }
    t.equal((await app.inject({ url, headers: { "if-none-match": '"other"' } })).statusCode, 200);
  }
  for (const method of ["POST", "PUT", "DELETE"] as const)
    t.equal((await app.inject({ method, url: "/console/" })).statusCode, 405, method);
});

t.test("operations: nothing but the console's own files can be had under its path", async (t) => {
  const { app } = await serve(t);
  for (const url of [
    "/console/assets/../../secret",
    "/console/assets/..%2f..%2fsecret",
    "/console/assets/%2e%2e/%2e%2e/secret",
    "/console/..%5c..%5csecret",
    "/console/assets//etc/passwd",
    "/console/assets/%2fetc%2fpasswd",
    "/console/assets/main-ABC.js.gz%00.js",
    "/console/assets/odd-GHI.exe",
    "/console/assets/main-ABC.js.gz",
    "/console/assets/main-ABC.js.br",
    "/console/assets/none.js",
    "/console/assets/",
    "/console/assets/constructor",
    "/console/manifest.json",
    "/console/index.html",
  ]) {
    const answer = await app.inject(url);
    t.ok([400, 404].includes(answer.statusCode), `${url}: ${answer.statusCode}`);
    t.notMatch(answer.payload, /not to be had|root:/);
  }
});

t.test("operations: what was built anew is served without a restart, and the old assets beside it", async (t) => {
  const { app, consoleDirectory } = await serve(t);
  t.equal((await app.inject("/console/")).payload, page);
  await writeFile(join(consoleDirectory, "assets/main-NEW.js"), "2");
  await rm(join(consoleDirectory, "assets/main-ABC.js"));
  await writeFile(join(consoleDirectory, "index.html"), page.replace("ABC", "NEW"));
  await utimes(join(consoleDirectory, "index.html"), new Date(), new Date(Date.now() + 5_000));
  t.match((await app.inject("/console/")).payload, /main-NEW/);
  t.equal((await app.inject("/console/assets/main-NEW.js")).payload, "2");
  t.equal((await app.inject("/console/assets/main-ABC.js")).payload, script, "for a page that is open");
});

t.test("operations: where the console was not built, its page says how to build it", async (t) => {
  const { app } = await startHarness(t, { consoleDirectory: join(t.testdir({}), "none") });
  for (const url of ["/console/", "/console/grants/GBA-1"]) {
    const answer = await app.inject(url);
    t.match([answer.statusCode, answer.headers["cache-control"]], [503, "no-store"]);
    t.match(answer.payload, /npm run console/);
    t.match(answer.headers, { "content-security-policy": /^default-src 'none'/ });
  }
  t.equal((await app.inject("/console/assets/main-ABC.js")).statusCode, 404);
  t.equal((await app.inject("/livez")).statusCode, 200, "all else works");
});
