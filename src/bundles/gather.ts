import { readRequest } from "../approvals/index.ts";
import type { Tx } from "../database/index.ts";
import { type Cosigners, proveHistory, type ProvedHistory, writeLink } from "../evidence/index.ts";
import { type Grant, readGrant, readReceipt, type StoredReceipt } from "../grants/index.ts";
import { canonicalJson } from "../kernel/json.ts";
import { readStepEvidence, type StepEvidence } from "../plans/index.ts";
import { type Builds, findRun, presentRun, type Run } from "../runs/index.ts";
import { readSigningKey, type SigningKey } from "../signatures/index.ts";
import { BundleProblem } from "./errors.ts";
import { type EvidencePredicate, type EvidenceStatement, predicateType } from "./schemas.ts";
import { acquisitions, databaseNow } from "./store.ts";

/** What the evidence is about: a grant, with the run that has used it, or a run, with what let it in. */
export type EvidenceSubject = { readonly authCode: string } | { readonly root: string };

/** What is on record of it, beside the log. */
interface OnRecord {
  readonly request: EvidencePredicate["request"];
  readonly votes: EvidencePredicate["votes"];
  readonly grant: Grant | null;
  readonly receipt: StoredReceipt | null;
  readonly keys: readonly SigningKey[];
  readonly run: Run | null;
  readonly step: StepEvidence | null;
}

/**
 * Everything that shows what was approved, by whom, and what became of it, with the proof of each event (OPEN-5, ESIGN-3).
 * @param cosigners who must have signed the head of the log that it refers to
 * @throws ServiceProblem NOT_FOUND; BundleProblem EVIDENCE_NOT_SEALED
 */
export async function gatherEvidence(
  tx: Tx,
  builds: Builds,
  subject: EvidenceSubject,
  cosigners: Cosigners,
): Promise<EvidenceStatement> {
  const record = "authCode" in subject ? await ofGrant(tx, builds, subject.authCode) : await ofRun(tx, builds, subject);
  const history = await proveHistory(tx, resourcesOf(record), cosigners, await acquisitions(tx, leasesOf(record)));
  if (history === undefined) {
    const name = "authCode" in subject ? subject.authCode : subject.root;
    throw new BundleProblem("EVIDENCE_NOT_SEALED", `The log does not reach all that became of ${name} yet.`, {
      retryAfterSeconds: 2,
    });
  }
  requireBeginnings(record, history);
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: subjectsOf(record),
    predicateType,
    predicate: {
      made_at: await databaseNow(tx),
      ...record,
      votes: [...record.votes],
      keys: [...record.keys],
      ...provedBy(history),
    },
  };
}

/**
 * What began in a month that was exported and detached cannot be shown whole any more. The history of a key may be older: an
 * auditor has it in the file of its month.
 * @throws BundleProblem EVIDENCE_INCOMPLETE
 */
function requireBeginnings({ request, grant, run, step }: OnRecord, { events }: ProvedHistory): void {
  const first = [
    ...(request === null ? [] : ["approval_request.submitted"]),
    ...(grant === null ? [] : ["grant.minted"]),
    ...(run === null ? [] : ["run.started"]),
    ...(step?.record == null ? [] : ["proposal_approval.recorded"]),
  ];
  const missing = first.filter((action) => !events.some(({ event }) => event.action === action));
  if (missing.length === 0) return;
  throw new BundleProblem(
    "EVIDENCE_INCOMPLETE",
    `Events of it are not in the database any more: ${missing.join(", ")}.`,
  );
}

/** The run that a grant was used by, if one was: it may have been used by something else that keeps its own records. */
async function ofGrant(tx: Tx, builds: Builds, authCode: string): Promise<OnRecord> {
  const grant = await readGrant(tx, authCode);
  const used = grant.idempotency_root === null ? undefined : await findRun(tx, grant.idempotency_root);
  const own = used?.auth_code === authCode ? used.idempotency_root : undefined;
  return approved(tx, grant, own === undefined ? null : await presentRun(tx, builds, own));
}

async function ofRun(tx: Tx, builds: Builds, { root }: { readonly root: string }): Promise<OnRecord> {
  const run = await presentRun(tx, builds, root);
  const step = await readStepEvidence(tx, root);
  if (step === undefined) return approved(tx, await readGrant(tx, run.auth_code), run);
  const kid = step.record?.signature?.kid;
  const keys = kid === undefined ? [] : [await readSigningKey(tx, kid)];
  return { request: null, votes: [], grant: null, receipt: null, keys, run, step };
}

async function approved(tx: Tx, grant: Grant, run: Run | null): Promise<OnRecord> {
  const { request: content, votes, ...asked } = await readRequest(tx, grant.request_ref);
  const { apr_code, apr_digest, status, requested_by, created_at, decide_by, quorum } = asked;
  const { proposed_action_code, risk, result, result_at } = asked;
  const kid = grant.signature?.kid;
  return {
    request: {
      apr_code,
      apr_digest,
      status,
      requested_by,
      created_at,
      decide_by,
      quorum,
      proposed_action_code,
      risk,
      result,
      result_at,
      content: canonicalJson(content),
    },
    votes,
    grant,
    receipt: (await readReceipt(tx, grant.auth_code)) ?? null,
    keys: kid === undefined ? [] : [await readSigningKey(tx, kid)],
    run,
    step: null,
  };
}

/** Whose whole history in the log belongs to it. */
function resourcesOf({ grant, keys, run, step }: OnRecord): { type: string; id: string }[] {
  return [
    ...(grant === null
      ? []
      : [
          { type: "approval_request", id: grant.request_ref },
          { type: "grant", id: grant.auth_code },
        ]),
    ...keys.map(({ kid }) => ({ type: "signing_key", id: kid })),
    ...(run === null ? [] : [{ type: "run", id: run.idempotency_root }]),
    ...(step === null ? [] : [{ type: "plan", id: `${step.plan_id}/${step.revision}` }]),
    ...(step?.record == null ? [] : [{ type: "proposal_approval", id: step.record.approval_code }]),
    ...(run?.rehearsal == null ? [] : [{ type: "rehearsal", id: run.rehearsal.rehearsal_ref }]),
  ];
}

function leasesOf({ receipt, run }: OnRecord): { name: string; fencingToken: number }[] {
  const taken = [
    { name: receipt?.lease_name, fencingToken: receipt?.fencing_token },
    { name: run?.lease?.name, fencingToken: run?.lease?.fencing_token },
  ].flatMap(({ name, fencingToken }) => (name == null || fencingToken == null ? [] : { name, fencingToken }));
  return taken.filter((one, at) => taken.findIndex(({ fencingToken }) => fencingToken === one.fencingToken) === at);
}

function subjectsOf({ request, grant, run, step }: OnRecord): EvidenceStatement["subject"] {
  const manifest = grant?.bindings.manifest_digest ?? run?.manifest_digest;
  return [
    ...(request === null ? [] : [named(`approval-request/${request.apr_code}`, request.apr_digest)]),
    ...(step === null ? [] : [named(`plan-step/${step.plan_id}@${step.revision}/${step.step}`, step.step_digest)]),
    ...(manifest === undefined ? [] : [named("manifest", manifest)]),
  ];
}

function named(name: string, digest: string) {
  return { name, digest: { sha256: digest.slice(digest.indexOf(":") + 1) } };
}

function provedBy({ origin, size, note, verifierKeys, events, links }: ProvedHistory) {
  return {
    events: events.map(({ event, leaf, path }) => ({
      event: { ...event },
      leaf,
      path: path.map((hash) => Buffer.from(hash).toString("base64")),
    })),
    log: { origin, size, note, verifier_keys: [...verifierKeys], links: links.map(writeLink) },
  };
}
