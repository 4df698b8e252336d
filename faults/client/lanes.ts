import { setTimeout as pause } from "node:timers/promises";
import { approvalRequest } from "../../test/support/flow.ts";
import { manifest, runBindings } from "../../test/support/runs.ts";
import type { Seeded } from "../seeded.ts";
import type { Client, Operation } from "./client.ts";
import { operations } from "./requests.ts";

/** A grant that expires during the round. */
export interface Passing {
  readonly grant: string;
  /** In milliseconds, as `Date.now()`. */
  readonly expires: number;
}

/** What the lanes of one round share. */
export interface Workload {
  readonly client: Client;
  readonly random: Seeded;
  /** Grants that nobody has asked for yet: lasting ones, and ones that expire during the round. */
  readonly lasting: string[];
  readonly passing: Passing[];
  /** Of the manifest that the runs build. */
  readonly digests: { readonly manifest_digest: string; readonly schema_digest: string };
  /**
   * Asks for nothing that the naive consume of the control would do badly without any fault: one use a grant, none in the last
   * moment before it expires, no holds, no second asking for what was acknowledged, no build runs.
   */
  readonly gentle: boolean;
  /** Whether a fault will strike, that grants are to expire in: without one a busy machine alone would make naive uses late. */
  readonly struck: boolean;
  over(): boolean;
}

type Lane = (work: Workload) => Promise<void>;

const gentleLanes: readonly Lane[] = [
  gentleUses,
  gentleUses,
  gentleUses,
  gentleUses,
  gentleUses,
  gentleUses,
  approvals,
];
const allLanes: readonly Lane[] = [uses, uses, uses, uses, leases, leases, holds, approvals];

/** Several of these go on at once until the round is over. */
export function startLanes(work: Workload): Promise<unknown>[] {
  return (work.gentle ? gentleLanes : allLanes).map(async (lane) => {
    while (!work.over()) {
      await lane(work);
      await pause(work.random.between(30, 90));
    }
  });
}

/** A grant is used: alone, by two at once, against its revocation; and what was used is asked for again. */
async function uses(work: Workload): Promise<void> {
  const { client, random, lasting, passing } = work;
  const used = random.chance(0.25) ? random.pick([...acknowledged(client, "consume"), undefined]) : undefined;
  if (used !== undefined) {
    await client.ask(used, "play");
    await client.perform(operations.verify(client, used.subject.grant ?? ""), 1);
    return;
  }
  const grant = (random.chance(0.4) ? passing.pop()?.grant : undefined) ?? lasting.pop();
  // All are used: what is left to do is to wait for the end of the round.
  if (grant === undefined) return pause(50);
  if (random.chance(0.3)) await client.perform(operations.verify(client, grant), 1);
  const shape = random.next();
  const jobs = [client.perform(operations.consume(client, grant), 8, 0)];
  if (shape < 0.25) jobs.push(client.perform(operations.consume(client, grant), 8, 1));
  else if (shape < 0.5) jobs.push(client.perform(operations.revoke(client, grant), 8, 1));
  await Promise.all(jobs);
}

/** One use of a grant that has long expired, or does so soon but not at once; else of a lasting one. */
async function gentleUses({ client, random, passing, lasting }: Workload): Promise<void> {
  const now = Date.now();
  const past = random.chance(0.4);
  const found = passing.findIndex(({ expires }) =>
    past ? expires < now - 200 : expires > now + 400 && expires < now + 900,
  );
  const grant = found < 0 ? lasting.pop() : passing.splice(found, 1)[0]?.grant;
  if (grant === undefined) return pause(50);
  await client.perform(operations.consume(client, grant));
}

/** Two lanes want one lease: each acquires it with a use, renews it and gives it back. */
async function leases({ client, lasting }: Workload): Promise<void> {
  const grant = lasting.pop();
  if (grant === undefined) return pause(50);
  const lease = "faults";
  const taken = operations.consume(client, grant, lease);
  const acquired = await client.perform(taken, 12);
  const token = (taken.answer?.body["lease"] as { token?: string } | undefined)?.token;
  if (acquired !== "ok" || token === undefined) return;
  await client.perform(operations.renew(client, lease, token), 3);
  await client.perform(operations.release(client, lease, token), 12);
}

/** A hold stands for a moment, again and again. Placed and lifted until there is an answer: it would stop the other lanes. */
async function holds({ client, random }: Workload): Promise<void> {
  await pause(random.between(150, 500));
  const placed = operations.hold(client);
  if ((await client.perform(placed, 30)) !== "ok") return;
  await pause(random.between(10, 40));
  await client.perform(operations.lift(client, String(placed.answer?.body["id"])), 30);
}

/** A request goes all the way to its grant, which a build run or a use takes. */
async function approvals(work: Workload): Promise<void> {
  const { client, random, digests } = work;
  const request = approvalRequest({ apr_code: `APR-${client.nextId()}` }, digests);
  const submitted = operations.submit(client, request);
  if ((await client.perform(submitted, 10)) !== "ok") return;
  const digest = String(submitted.answer?.body["apr_digest"]);
  for (const voter of ["approver_1", "approver_2"] as const) {
    if ((await client.perform(operations.vote(client, request.apr_code, digest, voter), 10)) !== "ok") return;
  }
  const executed = operations.execute(client, request.apr_code, digest);
  if ((await client.perform(executed, 10)) !== "ok") return;
  const grant = executed.answer?.body["auth_code"];
  // Another grant on the target is still alive: the run that is to use it has not come to that yet.
  if (typeof grant !== "string") return pause(100);
  if (work.gentle || random.chance(0.3)) {
    // Its bindings are of the manifest, so it is taken back instead.
    await client.perform(operations.revoke(client, grant), 10);
    return;
  }
  const root = `run-${client.nextId()}`;
  const parts = { build: "c1-vocabulary", auth_code: grant, bindings: runBindings(digests), input: runInput };
  await client.perform(operations.run(client, root, grant, { idempotency_root: root, ...parts }), 10);
}

export const runInput = { manifest: manifest(3) };

function acknowledged(client: Client, kind: Operation["kind"]): Operation[] {
  return client.operations.slice(-80).filter((one) => one.kind === kind && one.answer !== undefined);
}
