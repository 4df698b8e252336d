import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { type InProcess, startService, syncSecret } from "../support/service.ts";
import { startCli } from "./cli-process.ts";
import { runCli } from "./run-cli.ts";

t.setTimeout(120_000);

/** A person with a home; what the commands below read and write. */
function settle(t: Test) {
  const home = t.testdir({});
  const file = path.join(home, ".config", "countersign", "config.json");
  const env = { HOME: home };
  const countersign = (...args: string[]) => runCli(t, env, ...args);
  return { home, file, env, countersign };
}

/** Adds a profile with the token on standard input. */
async function add(t: Test, env: Record<string, string>, token: string, ...args: string[]) {
  const adding = startCli(t, env, "profile", "add", ...args);
  adding.child.stdin?.end(`${token}\n`);
  return { code: await adding.ended, stdout: adding.stdout(), stderr: adding.stderr() };
}

t.test("operations: profiles are added, used, listed without their tokens, and removed", async (t) => {
  const service = await startService(t);
  const { file, env, countersign } = settle(t);
  const { auditor, operator } = service.tokens;
  t.match(await countersign("grant", "list"), { code: 2, stderr: /no token/ });
  t.match(await add(t, env, auditor, "one", "--url", service.url), { code: 0, stdout: /one is kept in .* and in use/ });
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
  t.match(await countersign("grant", "list"), { code: 0, stdout: "none\n" }, "the first is in use");
  t.match(await countersign("hold", "place", "--reason", "x"), { code: 1, stderr: /403 FORBIDDEN.*--profile/s });

  t.match(await add(t, env, operator, "two", "--url", service.url), { code: 0 });
  t.match(await countersign("--profile", "two", "hold", "place", "--reason", "drill"), { code: 0 });
  t.match(await countersign("profile", "use", "two"), { code: 0, stdout: /two is in use/ });
  const listed = await countersign("profile", "list");
  t.match(listed.stdout, /one +http\S+ +- +yes/);
  t.match(listed.stdout, /two +http\S+ +yes +yes/);
  t.notMatch(listed.stdout + (await countersign("--json", "profile", "list")).stdout, operator.slice(-20));
  const chosen = await runCli(t, { ...env, COUNTERSIGN_PROFILE: "one" }, "hold", "lift", "x");
  t.match(chosen, { code: 1, stderr: /403 FORBIDDEN/ }, "by the environment");

  t.match(await add(t, env, auditor, "two", "--url", service.url), { code: 2, stderr: /--replace/ });
  t.match(await add(t, env, auditor, "two", "--url", service.url, "--replace"), { code: 0 });
  t.match(await countersign("profile", "remove", "two"), { code: 0 });
  t.match(await countersign("grant", "list"), { code: 2, stderr: /no token/ }, "none is in use");
  t.match(await countersign("--profile", "two", "grant", "list"), {
    code: 2,
    stderr: /there is no profile two; there are: one/,
  });
  t.match(await countersign("profile", "use", "toString"), { code: 2, stderr: /no profile/ });
});

t.test("operations: a file of profiles that others can read is refused, and so is one that is not whole", async (t) => {
  const service = await startService(t);
  const { file, env, countersign } = settle(t);
  await add(t, env, service.tokens["auditor"], "one", "--url", service.url);
  for (const mode of [0o640, 0o604, 0o644, 0o660]) {
    chmodSync(file, mode);
    t.match(await countersign("grant", "list"), { code: 2, stderr: /others than its owner may read it: chmod 600/ });
    t.match(await countersign("profile", "list"), { code: 2, stderr: /chmod 600/ });
  }
  const away = { ...env, COUNTERSIGN_URL: service.url, COUNTERSIGN_TOKEN: service.tokens["auditor"] };
  t.match(await runCli(t, away, "grant", "list"), { code: 0 }, "who says all by other means does not need it");
  chmodSync(file, 0o600);
  t.match(await countersign("grant", "list"), { code: 0 });
  for (const content of [
    "",
    "{",
    "[]",
    '{"current":1,"profiles":{}}',
    '{"current":"a","profiles":{"a":{"token":"t"}}}',
  ]) {
    writeFileSync(file, content);
    t.match(await countersign("grant", "list"), { code: 2, stderr: /is not what countersign profile writes/ }, content);
  }
});

t.test("operations: the file is under XDG_CONFIG_HOME where that is an absolute path", async (t) => {
  const { home } = settle(t);
  const url = "https://service.example";
  const to = (xdg: string) => ({ HOME: home, XDG_CONFIG_HOME: xdg });
  await add(t, to(path.join(home, "xdg")), "token", "x", "--url", url);
  t.match(JSON.parse(readFileSync(path.join(home, "xdg", "countersign", "config.json"), "utf8")), { current: "x" });
  await add(t, to("relative"), "token", "y", "--url", url);
  t.match(JSON.parse(readFileSync(path.join(home, ".config", "countersign", "config.json"), "utf8")), { current: "y" });
  t.match(await add(t, {}, "token", "z", "--url", url), { code: 2, stderr: /neither is set/ });
  const other = path.join(home, "other");
  mkdirSync(other);
  symlinkSync("/nonexistent/nowhere", path.join(other, "countersign"));
  t.match(await add(t, to(other), "token", "z", "--url", url), { code: 2, stderr: /cannot write/ });
});

t.test("operations: a token goes to no other service, and does not come from the command line", async (t) => {
  const service: InProcess = await startService(t);
  const { env, countersign } = settle(t);
  await add(t, env, service.tokens["auditor"], "one", "--url", service.url);
  const elsewhere = "http://127.0.0.1:1";
  t.match(await countersign("--url", elsewhere, "grant", "list"), { code: 2, stderr: /no token/ });
  const named = await countersign("--profile", "one", "--url", elsewhere, "grant", "list");
  t.match(named, { code: 2, stderr: /does not go to/ });
  const moved = await runCli(t, { ...env, COUNTERSIGN_URL: elsewhere }, "grant", "list");
  t.match(moved, { code: 2, stderr: /no token/ });
  t.match(await countersign("--token", "t", "profile", "add", "x", "--url", elsewhere), {
    code: 2,
    stderr: /seen by others/,
  });
  t.match(await add(t, env, "", "x", "--url", elsewhere), { code: 2, stderr: /no token/ });
  t.match(await add(t, env, "two words", "x", "--url", elsewhere), { code: 2, stderr: /one word/ });
  t.match(await add(t, env, "t", "x", "--url", "ftp://x"), { code: 2, stderr: /not a URL/ });
  t.match(await add(t, env, "t", "../x", "--url", elsewhere), { code: 2, stderr: /a name is of/ });
  t.match(await add(t, env, "t", "x"), { code: 2, stderr: /--url/ });
  t.match(await countersign("--as", "x", "--profile", "one", "grant", "list"), { code: 2, stderr: /--profile is one/ });

  const piped = startCli(t, { COUNTERSIGN_URL: service.url }, "--token-from", "-", "grant", "list");
  piped.child.stdin?.end(`${service.tokens["auditor"]}\n`);
  t.equal(await piped.ended, 0, piped.stderr());
});

t.test("APR-7 a profile has the secret of a dispatcher", async (t) => {
  const service = await startService(t);
  const { home, env, countersign } = settle(t);
  const secret = path.join(home, "secret");
  writeFileSync(secret, `${syncSecret}\n`);
  const { dispatcher } = service.tokens;
  await add(t, env, dispatcher, "d", "--url", `${service.url}/`, "--sync-secret-file", secret);
  t.match(await countersign("dispatch"), { code: 0, stderr: /nothing to execute/ });
  await add(t, env, dispatcher, "e", "--url", service.url);
  t.match(await countersign("--profile", "e", "dispatch"), { code: 2, stderr: /SYNC_SECRET/ });
});
