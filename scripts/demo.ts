/** The main job, end to end, on a service of its own: from an approval request to a consumed grant. `npm run demo`. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApprovalRequestInput } from "../src/approvals/schemas.ts";
import { Client, ClientProblem } from "../src/client/index.ts";
import { readConfig } from "../src/config.ts";
import type { BindingsInput } from "../src/grants/schemas.ts";
import { serve } from "../src/serve.ts";

interface Credentials {
  readonly url: string;
  readonly sync_secret: string;
  readonly tokens: Readonly<Record<string, string>>;
}

const example = async <Shape>(name: string): Promise<Shape> =>
  JSON.parse(await readFile(new URL(`../examples/${name}`, import.meta.url), "utf8")) as Shape;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Says what was done and what came of it; a step that is not as it should be ends the demo. */
function expect(what: string, right: boolean, outcome: string): void {
  say(`${right ? "ok  " : "FAIL"} ${what.padEnd(52)} ${outcome}`);
  if (!right) throw new Error(`the demo went wrong at: ${what}`);
}

/** The code that a call is refused with, or "done" where it is not refused. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "done";
  } catch (error) {
    if (error instanceof ClientProblem) return error.code;
    throw error;
  }
}

async function approval(as: (name: string) => Client, request: ApprovalRequestInput): Promise<string> {
  const posted = await as("requester").submitRequest(request);
  expect("requester posts the approval request", posted.status === "open", posted.apr_digest);
  for (const approver of ["approver_1", "approver_2"]) {
    const vote = { decision: "approve", apr_digest: posted.apr_digest, reason: "The scope is right." } as const;
    const { quorum, status } = await as(approver).vote(request.apr_code, vote);
    expect(`${approver} approves what they saw`, true, `${quorum.approvals} of ${quorum.required}: ${status}`);
  }
  return posted.apr_digest;
}

async function run(credentials: Credentials): Promise<void> {
  const as = (name: string): Client => new Client(credentials.url, credentials.tokens[name] ?? "");
  const request = await example<ApprovalRequestInput>("apr-c1-dry-run.json");
  const bindings = await example<BindingsInput>("bindings-c1-dry-run.json");
  const digest = await approval(as, request);

  const { grant, result } = await as("dispatcher").execute(request.apr_code, digest, credentials.sync_secret);
  const code = grant.auth_code;
  expect(
    "dispatcher executes, signed with SYNC_SECRET",
    result === "OK",
    `${result}: ${code} until ${grant.expires_at}`,
  );

  const verdict = await as("executor").verify(bindings);
  expect("executor verifies the bindings", verdict.auth_code === code, verdict.verdict);
  const other = await refusal(as("executor").verify({ ...bindings, plan_revision: "99" }));
  expect("another plan revision is refused", other === "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", other);

  const use = { ...bindings, idempotency_root: "demo-run-1", lease: { name: "lego1-c1-build" } };
  const receipt = await as("executor").consume(code, use);
  expect(
    "executor reserves the lease and consumes",
    !receipt.replayed,
    `fencing token ${receipt.lease?.fencing_token}`,
  );
  const again = await as("executor").consume(code, use);
  expect("the same run asks again after a lost answer", again.replayed, `same receipt, ${again.consumed_at}`);
  const second = await refusal(as("executor").consume(code, { ...bindings, idempotency_root: "demo-run-2" }));
  expect("a second use is refused", second === "REJECT_AUTH_ALREADY_CONSUMED", second);
  const late = await refusal(as("operator").revoke(code, { reason: "too late" }));
  expect("a used grant cannot be revoked", late === "REJECT_AUTH_ALREADY_CONSUMED", late);

  say("\nEvidence, each event written in the transaction of what it tells of:");
  const events = await as("auditor").auditEvents({ limit: 50 });
  const told = events.items.filter((event) => !/^(principal|token)\./.test(event.action)).toReversed();
  for (const event of told)
    say(`  ${event.occurred_at}  ${event.actor.padEnd(12)} ${event.action.padEnd(28)} ${event.resource_id}`);
  const uses = told.filter((event) => event.action === "grant.consumed").length;
  say("");
  expect("the log has exactly one use of the grant", uses === 1, String(uses));
}

const dataDir = await mkdtemp(join(tmpdir(), "countersign-demo-"));
const began = performance.now();
try {
  const running = await serve(readConfig({ DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "warn" }));
  try {
    say(
      `countersign is at ${running.url} (${Math.round(performance.now() - began)} ms from nothing, with its own PostgreSQL)\n`,
    );
    await run(JSON.parse(await readFile(join(dataDir, "credentials.json"), "utf8")) as Credentials);
  } finally {
    await running.close();
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
