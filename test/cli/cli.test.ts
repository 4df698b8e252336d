import { writeFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { createToken } from "../../src/principals/index.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { approvalRequest, mintGrant, seedGrants } from "../support/flow.ts";
import { runCli } from "./run-cli.ts";
import { type InProcess, serverKeys, startService, syncSecret } from "../support/service.ts";

const keyText = "k1:Y291bnRlcnNpZ24tdGVzdC1zZXJ2ZXIta2V5LTMyYnk=";

function databaseOf(service: InProcess): Record<string, string> {
  const { appUrl, ownerUrl } = service.stage.names;
  return { DATABASE_URL: appUrl, DATABASE_OWNER_URL: ownerUrl, SYNC_SECRET: syncSecret, SERVER_KEYS: keyText };
}

t.test("APR-8 a token made by the CLI is accepted until it is revoked there", async (t) => {
  const service = await startService(t);
  const env = databaseOf(service);
  const made = await runCli(t, env, "--json", "token", "create", "--principal", "new-auditor", "--roles", "auditor");
  t.equal(made.code, 0, made.stderr);
  const { token, token_id: id } = made.json() as { token: string; token_id: string };
  t.equal((await service.call("GET", "/v1/audit/events", { token })).status, 200);

  const listed = await runCli(t, env, "token", "list");
  t.equal(listed.code, 0, listed.stderr);
  t.match(listed.stdout, new RegExp(`${id} +new-auditor +cli +active`));
  t.notMatch(listed.stdout, token.slice(-43));

  const revoked = await runCli(t, env, "token", "revoke", id);
  t.equal(revoked.code, 0, revoked.stderr);
  t.equal((await service.call("GET", "/v1/audit/events", { token })).status, 401);
  t.match((await runCli(t, env, "token", "list")).stdout, new RegExp(`${id} +new-auditor +cli +revoked`));

  const unknown = await runCli(t, env, "token", "revoke", "0000000000000000");
  t.match(unknown, { code: 1, stderr: /NOT_FOUND/ });
});

t.test("APR-8 an expired token is refused", async (t) => {
  const service = await startService(t);
  const { database } = service.stage;
  const { token, tokenId } = await database.transact((tx) =>
    createToken(tx, serviceCaller("test"), serverKeys(), { principal: "auditor", label: "brief", ttlSeconds: 0.001 }),
  );
  const answer = await service.call("GET", "/v1/audit/events", { token });
  t.match(answer, { status: 401, body: { code: "UNAUTHENTICATED" } }, tokenId);
  const refused = await runCli(t, { COUNTERSIGN_URL: service.url, COUNTERSIGN_TOKEN: token }, "audit", "events");
  t.match(refused, { code: 1, stderr: /401 UNAUTHENTICATED/ });
});

t.test("OPEN-6 commands call the service: a table for people, JSON for programs", async (t) => {
  const service = await startService(t);
  const authCode = await mintGrant(service);
  const as = (name: keyof typeof service.tokens) => ["--url", service.url, "--token", service.tokens[name]];
  const shown = await runCli(t, {}, ...as("operator"), "grant", "list");
  t.equal(shown.code, 0, shown.stderr);
  t.match(shown.stdout, /^GRANT +STATUS +MODE/);
  t.match(shown.stdout, authCode);
  const json = await runCli(t, {}, "--json", ...as("operator"), "grant", "show", authCode);
  t.match(json.json(), { auth_code: authCode, status: "active" });
  const doctor = await runCli(t, {}, "--json", ...as("operator"), "doctor");
  const { findings } = doctor.json() as { findings: { severity: string }[] };
  t.equal(doctor.code, findings.some(({ severity }) => severity === "error") ? 1 : 0);

  const file = path.join(t.testdir(), "apr.json");
  writeFileSync(file, JSON.stringify(approvalRequest({ apr_code: "APR-CLI" })));
  t.match(await runCli(t, {}, ...as("requester"), "apr", "create", "-f", file), { code: 0, stdout: /APR-CLI/ });
  t.match(await runCli(t, {}, ...as("auditor"), "apr", "create", "-f", file), { code: 1, stderr: /403 FORBIDDEN/ });
});

t.test("operations: a list says how it goes on, and --all goes on by itself", async (t) => {
  const service = await startService(t);
  const codes = await service.stage.database.transact((tx) => seedGrants(tx, 5));
  const env = { COUNTERSIGN_URL: service.url, COUNTERSIGN_TOKEN: service.tokens["auditor"] };
  const first = await runCli(t, env, "grant", "list", "--limit", "2");
  t.equal(first.stdout.trimEnd().split("\n").length, 4, "a head, two grants and how to go on");
  const [, cursor = ""] = /\nmore: --cursor (\S+)\n$/.exec(first.stdout) ?? [];
  const second = await runCli(t, env, "--json", "grant", "list", "--limit", "2", "--cursor", cursor);
  t.equal((second.json()["items"] as object[]).length, 2);
  const all = await runCli(t, env, "--json", "grant", "list", "--limit", "2", "--all");
  const { items, next_cursor: next } = all.json() as { items: { auth_code: string }[]; next_cursor: null };
  t.same([items.map((one) => one.auth_code).toSorted(), next], [codes.toSorted(), null], "one document");
});

t.test("what is written wrongly ends with 2, and says so", async (t) => {
  t.match(await runCli(t, {}, "no-such-command"), { code: 2, stderr: /unknown command/ });
  t.match(await runCli(t, {}, "grant", "revoke", "GBA-C1-A"), { code: 2, stderr: /--reason/ });
  t.match(await runCli(t, {}, "doctor"), { code: 2, stderr: /no token/ });
  t.match(await runCli(t, {}, "--credentials", "absent.json", "--as", "operator", "doctor"), {
    code: 2,
    stderr: /absent/,
  });
  const nobody = await runCli(t, {}, "--url", "http://127.0.0.1:1", "--token", "t", "grant", "list");
  t.match(nobody, { code: 1, stdout: "", stderr: /CONNECTION_LOST.*\n.*check --url/ }, "and what to do about it");
  t.match(await runCli(t, { PORT: "x" }, "token", "list"), { code: 2, stderr: /PORT/ });
  t.match(await runCli(t, {}, "--help"), { code: 0, stdout: /doctor/ });
});
