import { document, facts, table } from "../kernel/markup.ts";
import type { EvidenceStatement } from "./schemas.ts";

/** The evidence as a page to read and print; what proves it is the file (OPEN-5). */
export function evidencePage({ predicate }: EvidenceStatement): string {
  const { request, votes, grant, run, events, log } = predicate;
  const { bindings } = grant;
  return document(`Evidence of ${grant.auth_code}`, [
    facts([
      ["Made at", predicate.made_at],
      ["Request", `${request.apr_code} by ${request.requested_by}`],
      ["Digest of the request", request.apr_digest],
      ["Action, risk", `${request.proposed_action_code}, ${request.risk}`],
      ["Grant", `${grant.auth_code}: ${grant.status}, ${grant.mode}`],
      [
        "For",
        `${bindings.target} in ${bindings.environment}, plan ${bindings.plan_id} revision ${bindings.plan_revision}`,
      ],
      ["Digest of the manifest", bindings.manifest_digest],
      ["Executor", bindings.executor],
      ["Granted, expires", `${grant.granted_at}, ${grant.expires_at}`],
      ["Used", grant.consumed_at === null ? "not" : `${grant.consumed_at} by ${grant.consumed_by ?? ""}`],
      [
        "Signed",
        grant.signature == null
          ? "not, or not needed"
          : `by ${grant.signature.signer} with ${grant.signature.kid} at ${grant.signature.signed_at}`,
      ],
      ["Run", run === null ? "none" : `${run.idempotency_root}: ${run.status}`],
      ["Log", `${log.origin}, ${log.size} leaves`],
    ]),
    table(
      "Votes",
      ["voter", "decision", "council", "reason", "at"],
      votes.map((vote) => [vote.voter, vote.decision, vote.council ? "yes" : "no", vote.reason, vote.voted_at]),
    ),
    ...(run === null
      ? []
      : [
          table(
            "States of the run",
            ["state", "status", "attempts", "began", "ended"],
            run.states.map((one) => [one.state, one.status, one.attempts, one.started_at ?? "", one.finished_at ?? ""]),
          ),
        ]),
    table(
      "Events, in the order of the log",
      ["event", "at", "actor", "action", "resource", "leaf"],
      events.map(({ event, leaf }) => [
        event.seq,
        event.occurred_at,
        event.actor,
        event.action,
        `${event.resource_type} ${event.resource_id}`,
        leaf,
      ]),
    ),
    `<pre>${log.note.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</pre>`,
  ]);
}
