import { spawnSync } from "node:child_process";
import t from "tap";
import { Client, NotSent, type OutgoingRequest, toCurl } from "../../src/client/index.ts";
import { startedWith } from "../support/started.ts";

const token = "cst_a-token-of-somebody";
const dry = (options = {}) => new Client({ url: "https://service.example/", token, dry: true, ...options });

async function requestOf(call: Promise<unknown>): Promise<OutgoingRequest> {
  const error = await call.catch((e: unknown) => e);
  if (error instanceof NotSent) return error.request;
  throw error;
}

/** What a shell makes of a command: the arguments that curl would get. */
function argumentsOf(command: string, env: Readonly<Record<string, string>> = {}): string[] {
  const { stdout, status } = spawnSync("/bin/sh", ["-c", `curl() { printf '%s\\0' "$@"; }\n${command}`], {
    env: startedWith(env),
    encoding: "utf8",
  });
  t.equal(status, 0);
  return stdout.split("\0").slice(0, -1);
}

t.test("operations: a request as curl is what the client sends, and the token is put in by the shell", async (t) => {
  const reason = `it's "so"; $(touch /tmp/x) \`id\` $HOME \\ é\n!`;
  const request = await requestOf(dry().placeHold({ environment: null, reason }, { idempotencyKey: "k-1" }));
  const command = toCurl(request);
  t.notMatch(command, token);
  t.strictSame(argumentsOf(command, { COUNTERSIGN_TOKEN: "mine", HOME: "home" }), [
    "-sS",
    "-X",
    "POST",
    "https://service.example/v1/holds",
    "-H",
    "authorization: Bearer mine",
    "-H",
    "content-type: application/json",
    "-H",
    "idempotency-key: k-1",
    "--data-raw",
    JSON.stringify({ environment: null, reason }),
  ]);
});

t.test("operations: a question with a query, headers that are left out, and arguments that are put in", async (t) => {
  const request = await requestOf(dry().listRequests({ status: "pending", q: "a b&c", limit: undefined }));
  t.equal(
    toCurl(request),
    `curl -sS \\\n  'https://service.example/v1/approval-requests?status=pending&q=a+b%26c' \\\n  -H "authorization: Bearer $COUNTERSIGN_TOKEN"`,
  );
  const page = await requestOf(dry().grantEvidence("GBA-C1-1", "page"));
  t.match(argumentsOf(toCurl(page)), ["-sS", String, "-H", String, "-H", "accept: text/html"]);
  const execute = await requestOf(dry().execute("APR-1", "sha256:0", "a secret"));
  const signed = toCurl(execute, { omit: ["webhook-signature"], append: ['-H "webhook-signature: $MADE"'] });
  t.notMatch(signed, "a secret");
  t.ok(argumentsOf(signed, { MADE: "v1,x" }).includes("webhook-signature: v1,x"));
  t.notOk(argumentsOf(signed).some((one) => one.startsWith("webhook-signature: v1,") && one.length > 40));
});

t.test("operations: no secret of a body is in the command either", async (t) => {
  const lease = "cl_a-lease-token";
  const renew = toCurl(await requestOf(dry().renewLease("l", { token: lease, ttl_seconds: 60 })));
  t.notMatch(renew, lease);
  t.strictSame(JSON.parse(argumentsOf(renew, { LEASE_TOKEN: "of the lease" }).at(-1) ?? ""), {
    token: "of the lease",
    ttl_seconds: 60,
  });
  const signIn = toCurl(await requestOf(dry().session.open({ token })));
  t.notMatch(signIn, token);
  t.notMatch(signIn, "authorization");
  t.strictSame(JSON.parse(argumentsOf(signIn, { COUNTERSIGN_TOKEN: "mine" }).at(-1) ?? ""), { token: "mine" });
});

t.test(
  "operations: a page of the service's own has its requests with an address, and without its session",
  async (t) => {
    const page = new Client({ url: "", session: { csrf: () => "csrf-of-the-session" }, dry: true });
    const request = await requestOf(page.withdraw("APR-1"));
    t.match(request, {
      url: "/v1/approval-requests/APR-1/withdraw",
      headers: { "x-csrf-token": "csrf-of-the-session" },
    });
    const command = toCurl(request, { origin: "https://here.example" });
    t.match(argumentsOf(command), ["-sS", "-X", "POST", "https://here.example/v1/approval-requests/APR-1/withdraw"]);
    t.notMatch(command, "csrf");
  },
);

t.test("operations: whoever is shown a request can keep it from being sent", async (t) => {
  const seen: string[] = [];
  const client = new Client({
    url: "http://127.0.0.1:9",
    token,
    onRequest({ method, url }) {
      seen.push(`${method} ${url}`);
      throw new Error("not today");
    },
  });
  await t.rejects(client.withdraw("APR-1"), { message: "not today" });
  await t.rejects(client.runEvents("r").next(), { message: "not today" });
  t.strictSame(seen, [
    "POST http://127.0.0.1:9/v1/approval-requests/APR-1/withdraw",
    "GET http://127.0.0.1:9/v1/runs/r/events",
  ]);
});
