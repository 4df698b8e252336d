import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { check } from "../../docs/verify/verify.mjs";
import { Client } from "../../src/client/index.ts";
import { evidence, evidencePlace, notProved } from "../support/evidence.ts";
import { prepareDryRun, startRun, untilRun } from "../support/runs.ts";
import { expectStatus } from "../support/flow.ts";
import { runCli } from "./run-cli.ts";

t.setTimeout(180_000);

t.test("OPEN-5 grant evidence and run evidence write the file as it was signed, or a page", async (t) => {
  const { service, trusted } = await evidencePlace(t);
  const credentials = path.join(t.testdir({}), "credentials.json");
  writeFileSync(credentials, JSON.stringify({ url: service.url, tokens: service.tokens }));
  const run = (...args: string[]) => runCli(t, {}, "--credentials", credentials, ...args);
  const prepared = await prepareDryRun(service);
  await expectStatus(startRun(service, prepared), 202);
  await untilRun(service, prepared.root);
  await evidence(service, `runs/${prepared.root}`);

  const file = path.join(t.testdirName, "evidence.json");
  t.match(await run("grant", "evidence", prepared.authCode, "--output", file), {
    code: 0,
    stdout: /the evidence of GBA-/,
  });
  t.same(notProved(check(readFileSync(file, "utf8"), { ...trusted, about: prepared.authCode })), []);
  const told = await run("run", "evidence", prepared.root);
  t.same(notProved(check(told.stdout, { ...trusted, about: prepared.root })), [], "on the terminal as well");
  t.match((await run("--json", "run", "evidence", prepared.root, "-o", file)).json(), { file });
  const page = await run("run", "evidence", prepared.root, "--page");
  t.match(page.stdout, /^<!doctype html>/);
  t.match(await run("grant", "evidence", "GBA-C1-NONE"), { code: 1, stderr: /404 NOT_FOUND/ });
  t.match(await run("run", "evidence", prepared.root, "-o", path.join(file, "no")), {
    code: 2,
    stderr: /cannot write/,
  });

  const client = new Client(service.url, service.tokens["auditor"]);
  t.same(notProved(check(await client.runEvidence(prepared.root), trusted)), []);
  t.match(await client.grantEvidence(prepared.authCode, "page"), /<h1>Evidence of GBA-/);
});
