import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { once } from "node:events";
import t from "tap";
import { useTarget } from "../support/runs.ts";
import { startService, syncSecret } from "../support/service.ts";
import { spawnNode, startedWith } from "../support/started.ts";
import { documentedProgram, methodTable, reference } from "./documented.ts";

t.setTimeout(120_000);

/** As much of a browser as the example of one needs: relative addresses, and the cookie of the session. */
const browser = `
const send = globalThis.fetch;
let cookie = "";
globalThis.fetch = async (url, init) => {
  if (!String(url).startsWith("/")) return send(url, init);
  const response = await send(process.env.SERVICE + url, { ...init, headers: { ...init?.headers, ...(cookie && { cookie }) } });
  for (const line of response.headers.getSetCookie()) cookie = line.split(";")[0] ?? "";
  return response;
};
`;

t.test("operations: the examples of the client's reference run as they stand", async (t) => {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url } });
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-reference-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await mkdir(path.join(folder, ".data"));
  const credentials = {
    url: service.url,
    sync_secret: syncSecret,
    tokens: { ...service.tokens, executor: service.tokens["c1-builder"] },
  };
  await writeFile(path.join(folder, ".data/credentials.json"), JSON.stringify(credentials));
  const source = (file: string) => new URL(`../../src/client/${file}`, import.meta.url).href;
  const program = (await documentedProgram())
    .replaceAll('"countersign/client/node"', `"${source("node.ts")}"`)
    .replaceAll('"countersign/client"', `"${source("index.ts")}"`);
  await writeFile(path.join(folder, "program.ts"), program);
  await writeFile(path.join(folder, "browser.mjs"), browser);
  await writeFile(path.join(folder, "package.json"), '{ "type": "module" }');
  const child = spawnNode(["--import", "./browser.mjs", "program.ts"], {
    cwd: folder,
    env: startedWith({ SERVICE: service.url }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (child.stdout === null || child.stderr === null) throw new Error("it has no output");
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  t.equal(child.exitCode, 0, err);
  t.match(out, "not what was approved: environment");
  t.match(out, /curl -sS -X POST \\\n.*APR-2026-0001\/withdraw/);
  t.match((await service.call("GET", "/v1/runs/rehearsal-2026-0001", { as: "auditor" })).body, { status: "succeeded" });
  t.match((await service.call("GET", "/v1/holds", { as: "auditor" })).body, { items: [{ status: "lifted" }] });
  t.match((await service.call("GET", "/v1/signing-keys", { as: "auditor" })).body, {
    items: [{ principal: "sovereign" }],
  });
});

t.test("operations: the client's reference lists every method with its route", async (t) => {
  const service = await startService(t);
  const { paths } = (await service.call("GET", "/openapi.json")).body as unknown as { paths: Record<string, object> };
  const templates = Object.entries(paths).flatMap(([at, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${at}`),
  );
  const written = await readFile(reference, "utf8");
  const table = await methodTable(templates);
  const rows = written.slice(written.indexOf("| route | methods |")).split("\n").slice(2, -1);
  t.strictSame(rows, table, `the table should be:\n${table.join("\n")}`);
});
