// The main job, end to end, on a service of its own: `npm run demo`. Ends non-zero if a step is not what it should be.
import { chmod, mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import type { ApprovalRequestInput } from "../src/approvals/index.ts";
import { Client, ClientProblem } from "../src/client/index.ts";
import { readConfig } from "../src/config.ts";
import type { BindingsInput } from "../src/grants/index.ts";
import type { RunInput } from "../src/runs/index.ts";
import { type Running, serve } from "../src/serve.ts";

interface Credentials {
  readonly sync_secret: string;
  readonly tokens: Readonly<Record<string, string>>;
}

const example = async <Value>(name: string): Promise<Value> =>
  JSON.parse(await readFile(new URL(`../examples/${name}`, import.meta.url), "utf8")) as Value;

function say(who: string, what: string): void {
  process.stdout.write(`  ${who.padEnd(12)} ${what}\n`);
}

function heading(text: string): void {
  process.stdout.write(`\n${text}\n`);
}

/** @throws Error when a step is not what it should be */
function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not as it should be: ${what}`);
}

/** The code with which something is refused. @throws Error when it is not refused, or otherwise */
async function refused(attempt: Promise<unknown>, code: string): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof ClientProblem && error.code === code) return `refused: ${error.status} ${code}`;
    throw error;
  }
  throw new Error(`not as it should be: nobody refused, where ${code} was due`);
}

async function approve(as: (name: string) => Client, request: ApprovalRequestInput): Promise<string> {
  heading("1. People approve a change");
  const posted = await as("requester").submitRequest(request);
  say("requester", `posts ${posted.apr_code}: ${posted.title}`);
  say("", `digest ${posted.apr_digest}`);
  for (const voter of ["approver_1", "approver_2"]) {
    const vote = { decision: "approve", apr_digest: posted.apr_digest, reason: "The scope is right." } as const;
    const { quorum, status } = await as(voter).vote(posted.apr_code, vote);
    say(voter, `approves: ${quorum.approvals} of ${quorum.required} (${status})`);
  }
  const { status } = await as("requester").readRequest(posted.apr_code);
  expect(status === "approved", `the request is ${status}`);
  return posted.apr_digest;
}

async function mint(as: (name: string) => Client, aprCode: string, digest: string, secret: string): Promise<string> {
  heading("2. The dispatcher turns the approval into a grant");
  const minted = await as("dispatcher").execute(aprCode, digest, secret);
  say("dispatcher", `executes, signed with SYNC_SECRET: ${minted.result}`);
  expect(!minted.replayed && minted.grant.status === "active", "the grant is not a new, active one");
  say("", `${minted.auth_code} is ${minted.grant.status}, ${minted.grant.mode} only, until ${minted.grant.expires_at}`);
  const again = await as("dispatcher").execute(aprCode, digest, secret);
  expect(again.replayed && again.auth_code === minted.auth_code, "executing again does not answer the same grant");
  say("dispatcher", "executes again: the same grant, nothing minted");
  return minted.auth_code;
}

async function rehearse(as: (name: string) => Client, authCode: string, input: RunInput): Promise<void> {
  heading("3. The executor runs the rehearsal; the run burns the grant before its first write");
  const executor = as("executor");
  const verdict = await executor.verify(input.bindings);
  expect(verdict.auth_code === authCode, `another grant was verified: ${verdict.auth_code}`);
  say("executor", `verifies the bindings: ${verdict.verdict}`);
  const stranger = executor.verify({ ...input.bindings, environment: "production" });
  say("executor", `tries another environment: ${await refused(stranger, "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH")}`);
  const started = await executor.startRun(input);
  say("executor", `starts ${started.idempotency_root}: ${started.build}, ${started.mode}, in ${started.target}`);
  for await (const event of as("auditor").watchRun(started.idempotency_root)) {
    if (event.event === "state_ok") say("", `${event.state} ok  ${JSON.stringify(event.detail)}`);
  }
  const run = await executor.readRun(started.idempotency_root);
  expect(run.status === "succeeded" && run.last_ok_state === "S7", `the run is ${run.status} in ${run.state}`);
  const { rehearsal } = run;
  expect(rehearsal?.passed === true, "the rehearsal did not pass");
  const content = rehearsal?.content as { entry_fingerprint: string; exit_fingerprint: string } | undefined;
  expect(content?.entry_fingerprint === content?.exit_fingerprint, "the rehearsal left something behind");
  say(
    "",
    `rolled back: the target's fingerprint is what it was. Rehearsal ${rehearsal?.rehearsal_ref.slice(0, 23)}… passed`,
  );
  const again = await executor.startRun(input);
  expect(again.status === "succeeded" && again.finished_at === run.finished_at, "the same root is another run");
  say("executor", "sends the same run again: answered as it stands");
}

async function refuseTheRest(as: (name: string) => Client, authCode: string, bindings: BindingsInput): Promise<void> {
  heading("4. Never twice");
  const second = as("executor").consume(authCode, { ...bindings, idempotency_root: "c1-rehearsal-2" });
  say("executor", `a second use is ${await refused(second, "REJECT_AUTH_ALREADY_CONSUMED")}`);
  const revoke = as("operator").revoke(authCode, { reason: "Too late." });
  say("operator", `revoking it is ${await refused(revoke, "REJECT_AUTH_ALREADY_CONSUMED")}`);
}

async function showEvidence(as: (name: string) => Client, aprCode: string, authCode: string): Promise<void> {
  heading("5. The evidence, written in the transaction of each step");
  const events = (await as("auditor").auditEvents({ limit: 200 })).items
    .filter((event) => [aprCode, authCode, "lego1-c1-build"].includes(event.resource_id))
    .toReversed();
  for (const event of events) say(event.actor, `${event.occurred_at}  ${event.action.padEnd(28)} ${event.resource_id}`);
  const consumed = events.filter((event) => event.action === "grant.consumed");
  expect(consumed.length === 1, `the log has ${consumed.length} consumptions`);
  expect(events.filter((event) => event.action === "approval_request.voted").length === 2, "the log lacks a vote");
  const grant = await as("auditor").readGrant(authCode);
  expect(grant.status === "consumed", `the grant is ${grant.status}`);
  const outcome = (grant.evidence as { run?: { status: string } }).run;
  expect(outcome?.status === "succeeded", "the grant's evidence has no outcome of its run");
  say("auditor", `finds ${authCode} ${grant.status}, once; its run ${outcome?.status}`);
}

async function play(running: Running): Promise<void> {
  if (running.credentialsFile === undefined) throw new Error("the service wrote no credentials");
  const credentials = JSON.parse(await readFile(running.credentialsFile, "utf8")) as Credentials;
  const as = (name: string): Client => new Client(running.url, credentials.tokens[name] ?? "");
  const request = await example<ApprovalRequestInput>("apr-c1-dry-run.json");
  const run = await example<RunInput>("run-c1-dry-run.json");
  const digest = await approve(as, request);
  const authCode = await mint(as, request.apr_code, digest, credentials.sync_secret);
  await rehearse(as, authCode, run);
  await refuseTheRest(as, authCode, run.bindings);
  await showEvidence(as, request.apr_code, authCode);
}

async function demo(): Promise<void> {
  const dataDir = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-demo-")));
  let running: Running | undefined;
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => reject(new Error("interrupted")));
  });
  try {
    // Started by root, PostgreSQL runs as someone else, who must be able to pass through.
    await chmod(dataDir, 0o711);
    process.stdout.write("Starting Countersign with a PostgreSQL of its own …\n");
    running = await serve(readConfig({ DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "fatal" }));
    process.stdout.write(`It is at ${running.url}\n`);
    await Promise.race([play(running), interrupted]);
    process.stdout.write("\nDone: one approval, one grant, one run.\n");
  } catch (error) {
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await running?.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

await demo();
