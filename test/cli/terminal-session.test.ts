import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import t, { type Test } from "tap";
import { approvalRequest, approve, mintGrant } from "../support/flow.ts";
import { prepareDryRun, startRun, useTarget } from "../support/runs.ts";
import { type InProcess, type Person, startService } from "../support/service.ts";
import { startedWith } from "../support/started.ts";
import { cliMain, follow, noTerminal, startCli, startInTerminal } from "./cli-process.ts";

t.setTimeout(240_000);

const as = (service: InProcess, person: Person): Record<string, string> => ({
  COUNTERSIGN_URL: service.url,
  COUNTERSIGN_TOKEN: service.tokens[person],
});
const usual = { columns: 100, rows: 30 };
const escape = "\u001b";

/** The command within a line of the shell, as in a pipe. */
function startShell(t: Test, env: Readonly<Record<string, string>>, line: string) {
  const script = `unset NODE_OPTIONS; countersign() { '${process.execPath}' '${cliMain}' "$@"; }; ${line}`;
  const whole = startedWith({ DATA_DIR: t.testdirName, ...env });
  return follow(t, spawn("bash", ["--norc", "-o", "pipefail", "-c", script], { env: whole, stdio: "pipe" }));
}

t.test("operations: a table on a terminal has colours and fits it; in a pipe it is plain and whole", async (t) => {
  const service = await startService(t);
  const title = "A title that is a good deal longer than what a narrow terminal has room for in one line";
  await approve(service, approvalRequest({ apr_code: "APR-WIDE", title }));
  const env = as(service, "auditor");

  const piped = startCli(t, env, "apr", "list");
  t.equal(await piped.ended, 0);
  t.match(piped.stdout(), new RegExp(`^APR +STATUS .*\n.*${title}\n$`));
  t.notMatch(piped.stdout(), escape, "a pipe gets text");

  t.test("under a pseudo-terminal", { skip: noTerminal }, async (t) => {
    const coloured = startInTerminal(t, env, { columns: 70, rows: 20 }, "apr", "list");
    t.equal(await coloured.ended, 0);
    t.match(coloured.stdout(), `${escape}[1mAPR`);
    const rows = stripVTControlCharacters(coloured.stdout()).trimEnd().split("\r\n");
    t.ok(
      rows.every((row) => row.length <= 70),
      rows.join("\n"),
    );
    t.match(rows[1], /^APR-WIDE .*…$/, "the key is whole, what is long is cut");

    const without = startInTerminal(t, { ...env, NO_COLOR: "1" }, usual, "apr", "list");
    t.equal(await without.ended, 0);
    t.notMatch(without.stdout(), escape, "NO_COLOR");
    const narrow = startInTerminal(t, env, { columns: 24, rows: 20 }, "apr", "list");
    t.equal(await narrow.ended, 0);
    t.match(stripVTControlCharacters(narrow.stdout()), /^apr +APR-WIDE\r\nstatus +approved/, "no room for a table");
  });
});

t.test("operations: a reader that has enough ends a command quietly", async (t) => {
  const service = await startService(t);
  const env = as(service, "auditor");
  for (let n = 0; n < 3; n += 1) await approve(service);
  const head = startShell(t, env, "countersign audit events --limit 200 | head -1");
  t.equal(await head.ended, 0);
  t.same([head.stdout().split("\n").length, head.stderr()], [2, ""]);
  const closed = startShell(t, env, "countersign --json audit events --limit 200 | true");
  t.same([await closed.ended, closed.stderr()], [0, ""]);
  const prepared = await prepareDryRun(service);
  await mintGrant(service).catch(() => undefined);
  const watch = startShell(t, env, `countersign grant show ${prepared.authCode} --watch --interval 0.1 | head -1`);
  await watch.until(/is active/);
  await service.call("POST", `/v1/grants/${prepared.authCode}/revoke`, { as: "operator", body: { reason: "over" } });
  t.same([await watch.ended, watch.stderr()], [0, ""], "a watch as well");
});

t.test("operations: grant show --watch and apr show --watch tell what changes, and end with it", async (t) => {
  const service = await startService(t);
  const code = await mintGrant(service);
  const plain = startCli(t, as(service, "auditor"), "grant", "show", code, "--watch", "--interval", "0.1");
  const json = startCli(t, as(service, "auditor"), "--json", "grant", "show", code, "--watch", "--interval", "0.1");
  await plain.until(/is active/);
  await json.until(/active/);
  await service.call("POST", `/v1/grants/${code}/revoke`, { as: "operator", body: { reason: "over" } });
  t.same([await plain.ended, await json.ended], [0, 0]);
  t.match(plain.stdout(), new RegExp(`^${code} is active, .*\n${code} is revoked, .*\n$`));
  const documents = json
    .stdout()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { status: string });
  t.same(
    documents.map(({ status }) => status),
    ["active", "revoked"],
    "a document a line",
  );
  const over = startCli(t, as(service, "auditor"), "grant", "show", code, "--watch");
  t.equal(await over.ended, 0, "what can change no more is shown at once");

  const request = await service.call("POST", "/v1/approval-requests", {
    as: "requester",
    body: approvalRequest({ apr_code: "APR-SEEN" }),
  });
  const apr = startCli(t, as(service, "auditor"), "apr", "show", "APR-SEEN", "--watch", "--interval", "0.1");
  await apr.until(/APR-SEEN is open: 0 of 2/);
  const vote = { decision: "approve", apr_digest: request.body["apr_digest"], reason: "yes" };
  await service.call("POST", "/v1/approval-requests/APR-SEEN/votes", { as: "approver_1", body: vote });
  await apr.until(/APR-SEEN is open: 1 of 2/);
  await service.call("POST", "/v1/approval-requests/APR-SEEN/votes", { as: "approver_2", body: vote });
  t.equal(await apr.ended, 0);
  t.match(apr.stdout(), /APR-SEEN is approved: 2 of 2 approvals\n$/);

  const left = startCli(t, as(service, "auditor"), "apr", "show", "APR-SEEN", "--watch");
  await left.until(/approved/);
  left.child.kill("SIGINT");
  t.equal(await left.ended, 130);
  t.match(left.stderr(), /^countersign apr show APR-SEEN --watch\n$/, "how to look again, and no trace");
});

t.test(
  "operations: a watch on a terminal is drawn anew, and Ctrl-C ends it with 130",
  { skip: noTerminal },
  async (t) => {
    const target = await useTarget(t);
    const service = await startService(t, { targets: { default: target.url } });
    const code = await mintGrant(service);
    const watched = startInTerminal(
      t,
      as(service, "auditor"),
      usual,
      "grant",
      "show",
      code,
      "--watch",
      "--interval",
      "0.1",
    );
    await watched.until(/waiting for it to change; Ctrl-C[^]*waiting for it to change; Ctrl-C/);
    t.match(watched.stdout(), new RegExp(`${escape}\\[\\d+F${escape}\\[J`), "over what was there");
    watched.child.stdin?.write("\u0003");
    t.equal(await watched.ended, 130);
    t.match(watched.stdout(), `countersign grant show ${code} --watch\r\n`);
    await service.call("POST", `/v1/grants/${code}/revoke`, { as: "operator", body: { reason: "over" } });

    const prepared = await prepareDryRun(service);
    await startRun(service, prepared);
    const run = startInTerminal(t, as(service, "auditor"), usual, "run", "show", prepared.root, "--watch");
    t.equal(await run.ended, 0, run.said());
    const text = stripVTControlCharacters(run.stdout());
    t.match(text, /✓ S7/);
    t.match(text, `${prepared.root} is succeeded`);
    t.match(run.stdout(), new RegExp(`${escape}\\[32m✓`), "in colours");
  },
);

t.test("operations: a token is typed without being shown", { skip: noTerminal }, async (t) => {
  const service = await startService(t);
  const home = t.testdir({});
  const env = { HOME: home, XDG_CONFIG_HOME: path.join(home, "config") };
  const token = service.tokens["auditor"];
  const adding = startInTerminal(t, env, usual, "profile", "add", "here", "--url", service.url);
  await adding.until(/it is not shown/);
  adding.child.stdin?.write(`wrong\u0015x\u007f${token}\r`);
  t.equal(await adding.ended, 0, adding.said());
  t.notMatch(adding.said(), token.slice(-20));
  const kept = JSON.parse(readFileSync(path.join(home, "config", "countersign", "config.json"), "utf8")) as object;
  t.match(kept, { current: "here", profiles: { here: { url: service.url, token } } });
  const used = startCli(t, env, "grant", "list");
  t.equal(await used.ended, 0, used.said());

  const left = startInTerminal(t, env, usual, "profile", "add", "there", "--url", service.url);
  await left.until(/it is not shown/);
  left.child.stdin?.write("half\u0003");
  t.equal(await left.ended, 130, "Ctrl-C leaves the prompt");
  t.notMatch(readFileSync(path.join(home, "config", "countersign", "config.json"), "utf8"), "there");
});
