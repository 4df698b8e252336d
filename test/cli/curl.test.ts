import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { approvalRequest, approve, seedGrants } from "../support/flow.ts";
import { commitBindings } from "../support/commit.ts";
import { type InProcess, type Person, startService, syncSecret } from "../support/service.ts";
import { startedWith } from "../support/started.ts";
import { runCli } from "./run-cli.ts";

t.setTimeout(120_000);

const missing = ["bash", "curl", "openssl", "od"].filter((name) => spawnSync(name, ["--version"]).error !== undefined);
const lacks = missing.length > 0 && `there is no ${missing.join()} on this machine`;

/** Has a POSIX shell do what was printed. @returns the answer as JSON, and its status */
async function perform(script: string, env: Readonly<Record<string, string>>) {
  const child = spawn("sh", ["-eu", "-c", script.replace("curl -sS", "curl -sS -w '\\n%{http_code}'")], {
    env: startedWith(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [, body = "", status = ""] = /^(.*)\n(\d+)$/s.exec(stdout) ?? [];
  if (status === "") throw new Error(`${script}\n${stderr}`);
  return { status: Number(status), body: JSON.parse(body) as Record<string, unknown> };
}

const printed = async (t: Test, service: InProcess, ...args: string[]): Promise<string> => {
  const ended = await runCli(t, { COUNTERSIGN_URL: service.url }, "--curl", ...args);
  t.equal(ended.code, 0, ended.stderr);
  return ended.stdout;
};
const as = (service: InProcess, person: Person) => ({ COUNTERSIGN_TOKEN: service.tokens[person] });

t.test(
  "operations: what --curl prints does what the command does, and has no secret in it",
  { skip: lacks },
  async (t) => {
    const service = await startService(t);
    const file = path.join(t.testdir({}), "it's a request.json");
    writeFileSync(
      file,
      JSON.stringify(approvalRequest({ apr_code: "APR-CURL", title: `It's "$HOME" and \`date\` ✓` })),
    );
    const posting = await printed(t, service, "apr", "create", "-f", file);
    const posted = await perform(posting, as(service, "requester"));
    t.match(posted, { status: 201, body: { apr_code: "APR-CURL", title: `It's "$HOME" and \`date\` ✓` } });
    t.match((await perform(posting, as(service, "requester"))).status, 201, "again, it is the same request by its key");
    const listed = await perform(await printed(t, service, "apr", "list", "--status", "open"), as(service, "auditor"));
    t.match(listed, { status: 200, body: { items: [{ apr_code: "APR-CURL" }] } });
    t.match(await perform(await printed(t, service, "grant", "show", "a/b?c"), as(service, "auditor")), {
      status: 400,
      body: { errors: [{ pointer: "{auth_code}" }] },
    });

    const { aprCode, digest } = await approve(service);
    for (const [secret, mode] of [
      [syncSecret, ["--dry-run"]],
      [`whsec_${Buffer.from(syncSecret).toString("base64")}`, []],
    ] as const) {
      const script = await printed(t, service, "apr", "execute", aprCode, "--digest", digest, ...mode);
      const executed = await perform(script, { ...as(service, "dispatcher"), SYNC_SECRET: secret });
      t.match(executed.body, { result: "OK", apr_code: aprCode }, "signed by openssl, in either form of the secret");
    }
    t.match(await runCli(t, {}, "--curl", "apr", "execute", aprCode), { code: 2, stderr: /say the --digest/ });
  },
);

t.test("operations: --curl needs no token, shows none that there is, and says where there is more", async (t) => {
  const service = await startService(t);
  const [authCode = ""] = await service.stage.database.transact((tx) => seedGrants(tx, 1));
  const file = path.join(t.testdir({}), "bindings.json");
  writeFileSync(file, JSON.stringify(commitBindings({ mode: "dry-run", environment: "rehearsal" })));
  const env = {
    COUNTERSIGN_URL: service.url,
    COUNTERSIGN_TOKEN: service.tokens["c1-builder"],
    SYNC_SECRET: syncSecret,
  };
  const used = await runCli(
    t,
    env,
    "--json",
    "grant",
    "consume",
    authCode,
    "-f",
    file,
    "--root",
    "r",
    "--lease",
    "mine",
  );
  const { lease } = used.json() as { lease: { token: string } };
  const held = path.join(t.testdirName, "token");
  writeFileSync(held, lease.token);

  for (const args of [
    ["lease", "renew", "mine", "--token-file", held],
    ["apr", "execute", "APR-1", "--digest", `sha256:${"0".repeat(64)}`],
    ["grant", "list", "--token", service.tokens["auditor"]],
    ["grant", "consume", authCode, "-f", file, "--root", "r", "--dry-run"],
  ]) {
    const { code, stdout, stderr } = await runCli(t, env, "--curl", ...args);
    t.equal(code, 0, stderr);
    for (const secret of [lease.token, syncSecret, service.tokens["auditor"], service.tokens["c1-builder"]]) {
      t.notMatch(stdout + stderr, secret, `${args[0]} ${args[1]}`);
    }
    t.match(stdout, "authorization: Bearer $COUNTERSIGN_TOKEN");
  }
  const renewing = await runCli(t, env, "--curl", "lease", "renew", "mine", "--token-file", held);
  t.match(renewing.stdout, "$LEASE_TOKEN");
  if (lacks === false) {
    const renewed = await perform(renewing.stdout, { ...env, LEASE_TOKEN: lease.token });
    t.match(renewed, { status: 200, body: { name: "mine", status: "held" } });
  }
  t.match(await runCli(t, env, "--curl", "grant", "show", "G", "--watch"), { code: 0, stderr: /sends more than this/ });
  t.match(await runCli(t, env, "--curl", "grant", "sign", "G", "-k", held), { code: 2 });
  t.match(await runCli(t, env, "--curl", "token", "list"), { code: 2, stderr: /no request/ });
});
