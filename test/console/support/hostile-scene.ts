import { randomUUID } from "node:crypto";
import { mintDraft, registration, makeKey, sovereignRequest } from "../../support/commit.ts";
import { creationDecision } from "../../support/lifecycle.ts";
import { approvalRequest, expectStatus } from "../../support/flow.ts";
import { prepareDryRun, startRun, type Target, untilRun } from "../../support/runs.ts";
import type { Person, Service } from "../../support/service.ts";
import { isName, xssCorpus } from "../../support/xss-corpus.ts";

/** What was stored, by what a path of the console names it. */
export interface HostileScene {
  readonly requests: readonly string[];
  readonly grants: readonly string[];
  readonly runs: readonly string[];
  readonly plans: readonly { readonly id: string; readonly revision: string }[];
}

/** Puts every text of the corpus into every field that takes it, by the front door; what has no door into the target. */
export async function storeHostileTexts(service: Service, target: Target): Promise<HostileScene> {
  const requests = await hostileRequests(service);
  const plans = await hostilePlans(service);
  await hostileHolds(service);
  await hostileDecisions(service);
  await hostileKeys(service);
  await hostileWebhooks(service);
  await hostileUnits(target);
  const grants = await hostileGrants(service);
  const runs = await hostileRuns(service);
  return { requests, plans, grants, runs };
}

const put = async (service: Service, as: Person, path: string, body: unknown, status = 201) =>
  (await expectStatus(service.call("POST", path, { as, body }), status)).body as unknown as Record<string, string>;

/** Of the names of an action. */
const mostCharacters = {
  carrier: 40,
  namespace: 120,
  axis: 120,
  target: 120,
  environment: 120,
  plan_id: 200,
  plan_revision: 80,
  plan_ref: 400,
  step_name: 120,
  rollback_plan_ref: 200,
  rolls_back: 200,
};

/** Each text is a title, a justification, the reason of a vote and, where it may be one, each name of the action. */
async function hostileRequests(service: Service): Promise<string[]> {
  const codes: string[] = [];
  for (const text of xssCorpus) {
    const names = Object.entries(mostCharacters).filter(([, most]) => isName(text, most));
    const action = {
      ...Object.fromEntries(names.map(([name]) => [name, text])),
      ...(isName(text, 120) && { action_set: [text] }),
    };
    const body = approvalRequest({ title: text, justification: text }, action);
    const { apr_digest } = await put(service, "requester", "/v1/approval-requests", body);
    const vote = { decision: "approve", apr_digest, reason: text };
    await put(service, "approver_2", `/v1/approval-requests/${body.apr_code}/votes`, vote);
    codes.push(body.apr_code);
  }
  return codes;
}

/** Revisions of a plan whose every prose is hostile, and the records of the council and the sovereign on its steps. */
async function hostilePlans(service: Service): Promise<{ id: string; revision: string }[]> {
  const plans: { id: string; revision: string }[] = [];
  for (const [number, texts] of portions(xssCorpus, 40).entries()) {
    const revision = String(number + 1);
    const { plan_digest } = await put(service, "requester", "/v1/plans", { source: hostilePlan(revision, texts) });
    const ofStep = { plan_id: "hostile", revision, plan_digest, step: 1 };
    for (const text of texts) {
      // One stands at a time.
      const record = await put(service, "council_1", "/v1/council-records", { ...ofStep, kind: "C-1", decision: text });
      await put(service, "council_1", `/v1/council-records/${record["record_code"]}/revoke`, { reason: text }, 200);
    }
    const [reason = ""] = texts;
    const approval = { ...ofStep, act: "commit", reason };
    const answer = await service.call("POST", "/v1/proposal-approvals", { as: "sovereign", body: approval });
    if (answer.status === 201) {
      const path = `/v1/proposal-approvals/${String(answer.body["approval_code"])}/revoke`;
      await put(service, "sovereign", path, { reason: texts.join("\n").slice(0, 2_000) }, 200);
    }
    plans.push({ id: "hostile", revision });
  }
  return plans;
}

function hostilePlan(revision: string, texts: readonly string[]): string {
  const [first = "", second = ""] = texts;
  const name = texts.find((text) => isName(text, 120)) ?? "one";
  const sql = `SELECT 1 -- ${first.replaceAll(/\p{Cc}/gu, " ")}`;
  return JSON.stringify({
    plan: "hostile",
    revision,
    title: first,
    description: texts.join("\n"),
    target: "default",
    schemas: ["public"],
    steps: [
      {
        step: 1,
        name: "recorded",
        title: second,
        kind: "record",
        records: ["M-1", "C-1"],
        prerequisites: texts,
        never: texts,
        documents: [name],
        handoff: texts.join("\n"),
        attestation: { no_hardcode: first, no_island: second },
      },
      {
        step: 2,
        name: "looked",
        kind: "check",
        evidence: [{ name, sql, expect: { equals: 1 } }],
        handoff: first,
        attestation: { no_hardcode: first, no_island: second },
      },
    ],
  });
}

async function hostileHolds(service: Service): Promise<void> {
  for (const text of xssCorpus) {
    const environment = isName(text, 120) ? text : "elsewhere";
    const { id } = await put(service, "operator", "/v1/holds", { environment, reason: text });
    await put(service, "operator", `/v1/holds/${id}/lift`, { reason: text }, 200);
  }
}

async function hostileDecisions(service: Service): Promise<void> {
  for (const texts of portions(xssCorpus, 40)) {
    const subjects = texts.filter((text) => isName(text, 120) && !text.includes("*"));
    const body = {
      database: "default",
      decision_kind: "enactment",
      decision: "reject",
      subjects,
      reason: texts.join("\n").slice(0, 2_000),
    };
    await put(service, "council_1", "/v1/review-decisions", body);
  }
}

async function hostileKeys(service: Service): Promise<void> {
  for (const texts of portions(xssCorpus, 20)) {
    const key = makeKey();
    await put(service, "sovereign", "/v1/signing-keys", registration(key, "sovereign"));
    await put(service, "sovereign", `/v1/signing-keys/${key.kid}/revoke`, { reason: texts.join("\n") }, 200);
  }
}

async function hostileWebhooks(service: Service): Promise<void> {
  for (const texts of portions(xssCorpus, 20)) {
    const [path = ""] = texts.filter((text) => !/[\s#]/.test(text));
    const body = {
      url: `https://hooks.example.com/${path}`,
      events: ["*"],
      description: texts.join("\n").slice(0, 2_000),
    };
    const answer = await service.call("POST", "/v1/webhooks", { as: "admin", body });
    if (answer.status !== 201)
      await put(service, "admin", "/v1/webhooks", { ...body, url: "https://hooks.example.com/" });
  }
}

/** Units come into being in the target, not over HTTP. */
async function hostileUnits(target: Target): Promise<void> {
  for (const [number, text] of xssCorpus.entries()) {
    const [made] = await target.query<{ status: string }>(
      "SELECT public.fn_iu_create($1, $2, 'article', $2, 'test', $3) ->> 'status' AS status",
      [`ICX-CONST/DIEU-${1_000 + number}`, text, creationDecision],
    );
    if (made?.status !== "created") throw new Error(`the unit was not made: ${made?.status}`);
  }
}

/** Grants for targets with hostile names, each revoked with a hostile reason. */
async function hostileGrants(service: Service): Promise<string[]> {
  const codes: string[] = [];
  for (const texts of portions(xssCorpus, 30)) {
    const target = texts.find((text) => isName(text, 120)) ?? "T";
    const scope = {
      carrier: "C1",
      namespace: "PROD-NS",
      axis: "dot:c1:vocab",
      target,
      environment: "staging",
      database: "default",
      allowed_action_sets: [["dot_iu_create_collection", "staging_consume"]],
      lease_name: `lease-${randomUUID()}`,
      rehearsal_required: false,
    };
    await put(service, "admin", "/v1/scopes", scope);
    const code = await mintDraft(service, sovereignRequest({}, { target, step_name: target, plan_ref: target }));
    await put(service, "operator", `/v1/grants/${code}/revoke`, { reason: texts.join("\n").slice(0, 2_000) }, 200);
    codes.push(code);
  }
  return codes;
}

/** Dry runs with hostile names and descriptions. */
async function hostileRuns(service: Service): Promise<string[]> {
  const roots: string[] = [];
  for (const texts of portions(xssCorpus, 55)) {
    const entry = { operation_code: "op.one", protocol_version: "1", description: texts.join("\n").slice(0, 1_000) };
    const prepared = await prepareDryRun(service, { manifest: { entries: [entry] } });
    const root = texts.find((text) => isName(text, 190) && text.startsWith("<")) ?? prepared.root;
    await expectStatus(startRun(service, { body: { ...prepared.body, idempotency_root: root } }), 202);
    await untilRun(service, root);
    roots.push(root);
  }
  return roots;
}

function portions<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}
