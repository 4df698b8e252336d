import { readRequest } from "../approvals/index.ts";
import type { Tx } from "../database/index.ts";
import { proveHistory } from "../evidence/index.ts";
import { type Grant, readGrant } from "../grants/index.ts";
import { canonicalJson } from "../kernel/json.ts";
import { type Builds, presentRun, type Run } from "../runs/index.ts";
import { BundleProblem } from "./errors.ts";
import { type EvidenceStatement, predicateType } from "./schemas.ts";
import { databaseNow } from "./store.ts";

export interface EvidenceSubject {
  readonly authCode: string;
  /** The run that used it, where there is one. */
  readonly root?: string | undefined;
}

/**
 * Everything that shows what was approved, by whom, and what became of it, with the proof of each event (OPEN-5, ESIGN-3).
 * @param cosignatures how many witnesses must have signed the head of the log that it refers to
 * @throws ServiceProblem NOT_FOUND; BundleProblem EVIDENCE_NOT_SEALED
 */
export async function gatherEvidence(
  tx: Tx,
  builds: Builds,
  { authCode, root }: EvidenceSubject,
  cosignatures: number,
): Promise<EvidenceStatement> {
  const grant = await readGrant(tx, authCode);
  const request = await readRequest(tx, grant.request_ref);
  const run = root === undefined ? null : await presentRun(tx, builds, root);
  const history = await proveHistory(tx, subjectsOf(grant, run), cosignatures);
  if (history === undefined) {
    throw new BundleProblem("EVIDENCE_NOT_SEALED", `The log does not reach all that became of ${authCode} yet.`, {
      retryAfterSeconds: 2,
    });
  }
  const { apr_code, apr_digest, requested_by, created_at, quorum, proposed_action_code, risk } = request;
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [
      { name: `approval-request/${apr_code}`, digest: { sha256: hexOf(apr_digest) } },
      {
        name: `manifest/${grant.bindings.plan_id}@${grant.bindings.plan_revision}`,
        digest: { sha256: hexOf(grant.bindings.manifest_digest) },
      },
    ],
    predicateType,
    predicate: {
      made_at: await databaseNow(tx),
      request: {
        apr_code,
        apr_digest,
        requested_by,
        created_at,
        quorum,
        proposed_action_code,
        risk,
        content: canonicalJson(request.request),
      },
      votes: request.votes,
      grant,
      run,
      events: history.events.map(({ event, leaf, path }) => ({
        event,
        leaf,
        path: path.map((hash) => Buffer.from(hash).toString("base64")),
      })),
      log: { origin: history.origin, size: history.size, note: history.note, verifier_keys: history.verifierKeys },
    },
  };
}

function subjectsOf(grant: Grant, run: Run | null): { type: string; id: string }[] {
  const kid = grant.signature?.kid;
  return [
    { type: "approval_request", id: grant.request_ref },
    { type: "grant", id: grant.auth_code },
    ...(kid === undefined ? [] : [{ type: "signing_key", id: kid }]),
    ...(run === null ? [] : [{ type: "run", id: run.idempotency_root }]),
  ];
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1);
}
