import { readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { commitBindings, mintDraft, sovereignRequest } from "../support/commit.ts";
import { expectStatus, seedGrants } from "../support/flow.ts";
import { type InProcess, type Person, startService, syncSecret } from "../support/service.ts";
import { runCli } from "./run-cli.ts";

/** The command as a person with a credentials file runs it. */
function countersign(t: Test, service: InProcess) {
  const file = path.join(t.testdir({}), "credentials.json");
  const executor = service.tokens["c1-builder"];
  const content = { url: service.url, sync_secret: syncSecret, tokens: { ...service.tokens, executor } };
  writeFileSync(file, JSON.stringify(content));
  return (...args: string[]) => runCli(t, {}, "--credentials", file, ...args);
}

t.setTimeout(240_000);

const dir = (t: Test, name: string): string => path.join(t.testdirName, name);

t.test("ESIGN-4 key: generated, registered, confirmed, listed, revoked", async (t) => {
  const service = await startService(t);
  const run = countersign(t, service);
  for (const alg of ["EdDSA", "ES256"]) {
    const file = dir(t, `${alg}.jwk`);
    const made = await run("--json", "key", "generate", "-o", file, "--alg", alg);
    t.equal(made.code, 0, made.stderr);
    t.equal(statSync(file).mode & 0o777, 0o600, "only its owner reads it");
    const secret = JSON.parse(readFileSync(file, "utf8")) as { kid: string; d: string };
    t.notMatch(made.stdout, secret.d, "the private part is in the file and nowhere else");
    t.match(await run("key", "generate", "-o", file), { code: 2, stderr: /cannot write/ }, "no file is overwritten");

    const registered = await run("--json", "key", "register", "-k", file);
    t.match(registered.json(), { kid: secret.kid, status: "pending", thumbprint: secret.kid });
    t.match(await run("key", "register", "-k", file), { code: 1, stderr: /SIGNING_KEY_CONFLICT/ });
    t.match(await run("key", "confirm", "--", secret.kid), { code: 0, stdout: /is active/ });
    t.match((await run("key", "list", "--status", "active")).stdout, secret.kid);
    t.match(await run("key", "revoke", "--reason", "lost", "--", secret.kid), { code: 0, stdout: /is revoked: lost/ });
  }
  t.match(await run("key", "generate", "-o", dir(t, "x"), "--alg", "RS256"), { code: 2, stderr: /EdDSA or ES256/ });
  writeFileSync(dir(t, "public.jwk"), '{"kid":"a","kty":"OKP"}');
  t.match(await run("key", "register", "-k", dir(t, "public.jwk")), { code: 2, stderr: /no private JWK/ });
});

t.test("ESIGN-2 grant sign: here, elsewhere, and never something else than was looked at", async (t) => {
  const service = await startService(t);
  const run = countersign(t, service);
  const file = dir(t, "sovereign.jwk");
  const { kid } = (await run("--json", "key", "generate", "-o", file)).json() as { kid: string };
  await run("key", "register", "-k", file);
  await run("key", "confirm", "--", kid);

  const first = await mintDraft(service);
  const shown = (await run("--json", "grant", "payload", first)).json() as { payload: string; payload_digest: string };
  t.match(JSON.parse(shown.payload), { auth_code: first, mode: "commit" });
  const other = `sha256:${"0".repeat(64)}`;
  const wrong = await run("grant", "sign", first, "-k", file, "--digest", other);
  t.match(wrong, { code: 2, stderr: /nothing was signed/ });
  const signed = await run("grant", "sign", first, "-k", file, "--digest", shown.payload_digest);
  t.match(signed, { code: 0, stdout: /is active, signed with/ });
  t.match(await run("grant", "sign", first, "-k", file), { code: 1, stderr: /ESIGN_INVALID/ });
  await expectStatus(
    service.call("POST", `/v1/grants/${first}/revoke`, { as: "operator", body: { reason: "next" } }),
    200,
  );

  const second = await mintDraft(service, sovereignRequest());
  const payload = dir(t, "payload.json");
  await run("grant", "payload", second, "-o", payload);
  const foreign = await run("grant", "sign", first, "-k", file, "--payload", payload);
  t.match(foreign, { code: 2, stderr: new RegExp(`payload of ${second}`) }, "the payload of another grant");
  const jws = await run("--url", "http://127.0.0.1:1", "grant", "sign", second, "-k", file, "--payload", payload);
  t.match(jws, { code: 0, stdout: /^[\w-]+\.\.[\w-]+\n$/ }, "without asking the service anything");
  const handedIn = await run("grant", "esign", second, "--jws", jws.stdout.trim());
  t.match(handedIn, { code: 0, stdout: /is active/ });

  const asked = dir(t, "bindings.json");
  writeFileSync(asked, JSON.stringify(commitBindings()));
  t.match(await run("grant", "verify", "-f", asked), { code: 0, stdout: /valid/ });
  t.match(await run("grant", "consume", second, "-f", asked, "--root", "r", "--dry-run"), { code: 0 });
  t.match(await run("grant", "consume", second, "-f", asked, "--root", "r", "--lease", "lego1-c1-build"), { code: 0 });
  t.match(await run("grant", "consume", second, "-f", asked, "--root", "other"), {
    code: 1,
    stderr: /ALREADY_CONSUMED/,
  });
  t.match(await run("lease", "list"), { code: 0, stdout: /lego1-c1-build +held +c1-builder +1/ });
  t.match(await run("grant", "revoke", second, "--reason", "late"), { code: 1, stderr: /ALREADY_CONSUMED/ });
});

t.test("GRANT-9 hold and scope: placed, lifted, registered, retired", async (t) => {
  const service = await startService(t);
  const run = countersign(t, service);
  const placed = await run("--json", "hold", "place", "--reason", "drill", "--environment", "staging");
  const { id } = placed.json() as { id: string };
  t.match((await run("hold", "list", "--status", "standing")).stdout, /staging +standing +operator .* drill/);
  t.match(await run("hold", "lift", id, "--reason", "over"), { code: 0, stdout: /is lifted/ });
  t.match((await run("hold", "list", "--status", "standing")).stdout, /^none/);

  const listed = (await run("--json", "scope", "list")).json() as { items: Record<string, unknown>[] };
  const [shipped = {}] = listed.items;
  const named = ["carrier", "namespace", "axis", "environment", "database", "allowed_action_sets", "lease_name"];
  const scope = Object.fromEntries([...named, "rehearsal_required"].map((name) => [name, shipped[name]]));
  const file = dir(t, "scope.json");
  writeFileSync(file, JSON.stringify({ ...scope, target: "ANOTHER" }));
  const made = (await run("--json", "scope", "register", "-f", file)).json() as { scope_id: number };
  t.match(await run("scope", "retire", String(made.scope_id)), { code: 0, stdout: /is retired/ });
  t.match((await run("scope", "list", "--status", "retired")).stdout, /ANOTHER/);
});

t.test("APR-6 apr: created, voted on, executed and withdrawn; a grant is revoked", async (t) => {
  const service = await startService(t);
  const run = countersign(t, service);
  const as = (person: Person, ...args: string[]) => run("--as", person, ...args);
  const request = sovereignRequest();
  const file = dir(t, "apr.json");
  writeFileSync(file, JSON.stringify(request));
  const made = (await run("--json", "apr", "create", "-f", file)).json() as { apr_digest: string };
  const vote = ["apr", "vote", request.apr_code, "approve", "--digest", made.apr_digest, "--reason", "yes"];
  t.match(await as("approver_1", ...vote), { code: 0, stdout: /1 of 3 approvals/ });
  t.match(await as("approver_1", ...vote), { code: 1, stderr: /VOTE_CONFLICT/ });
  t.match(await as("approver_2", ...vote), { code: 0 });
  t.match(await run("apr", "execute", request.apr_code), { code: 1, stderr: /EXECUTION_FAILED/ });
  t.match(await as("council_1", ...vote), { code: 0, stdout: /is approved/ });
  t.match(await run("apr", "execute", request.apr_code), { code: 0, stdout: /^OK GBA-C1-/ });
  const code = `GBA-C1-${request.apr_code}`;
  t.match(await run("grant", "revoke", code, "--reason", "not wanted"), { code: 0, stdout: /is revoked: not wanted/ });

  const other = sovereignRequest();
  writeFileSync(file, JSON.stringify(other));
  await run("apr", "create", "-f", file);
  t.match(await run("apr", "withdraw", other.apr_code), { code: 0, stdout: /withdrawn/ });
});

t.test("LEASE-1 lease: renewed and released with its token", async (t) => {
  const service = await startService(t);
  const run = countersign(t, service);
  const [authCode = ""] = await service.stage.database.transact((tx) => seedGrants(tx, 1));
  const file = dir(t, "bindings.json");
  writeFileSync(file, JSON.stringify(commitBindings({ mode: "dry-run", environment: "rehearsal" })));
  const used = await run("--json", "grant", "consume", authCode, "-f", file, "--root", "r", "--lease", "mine");
  const { lease } = used.json() as { lease: { token: string } };
  t.match(await run("lease", "renew", "mine", "--token-file", "/none"), { code: 2, stderr: /cannot read/ });
  const held = dir(t, "token");
  writeFileSync(held, `${lease.token}\n`);
  t.match(await run("lease", "renew", "mine", "--token-file", held, "--ttl", "60"), {
    code: 0,
    stdout: /mine is held/,
  });
  t.match(await run("lease", "release", "mine", "--token-file", held), { code: 0, stdout: /mine is released/ });
  t.match(await run("lease", "renew", "mine", "--token-file", held), { code: 1, stderr: /LEASE_TOKEN_INVALID/ });
});
