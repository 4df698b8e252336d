import { createHash } from "node:crypto";
import { type Cell, document, facts, paragraph, part, preformatted, table } from "../kernel/markup.ts";
import type { WebauthnSignature } from "../signatures/index.ts";
import type { EvidencePredicate, EvidenceStatement } from "./schemas.ts";

type Member<Name extends keyof EvidencePredicate> = NonNullable<EvidencePredicate[Name]>;

const style = `
:root { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; background: #fff; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; border-bottom: 1px solid #bbb; padding-bottom: .2rem; }
p { max-width: 46rem; }
dl { display: grid; grid-template-columns: 12rem 1fr; gap: .15rem 1rem; margin: .5rem 0; }
dt { color: #555; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; font-size: .85rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .25rem; }
th, td { border: 1px solid #ccc; padding: .2rem .4rem; text-align: left; vertical-align: top; }
td:last-child { overflow-wrap: anywhere; }
thead th { background: #f0f0f0; }
tbody th { font-weight: 400; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8rem; background: #f6f6f6; padding: .5rem; border: 1px solid #ddd; }
@media print {
  @page { margin: 15mm; }
  :root { font-size: 9.5pt; }
  body { max-width: none; margin: 0; padding: 0; }
  h2 { break-after: avoid; }
  tr, dl > * { break-inside: avoid; }
  thead { display: table-header-group; }
  pre, thead th { background: none; }
}`;

/** What the page needs beyond the policy of every answer: its own style, by its digest, and nothing else. */
export const evidencePageHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": `default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none';style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
};

/** The evidence as a page to read and print; what proves it is the file (OPEN-5). */
export function evidencePage({ subject, predicate }: EvidenceStatement): string {
  const { request, votes, grant, receipt, keys, run, step, events, log } = predicate;
  const about = grant?.auth_code ?? run?.idempotency_root ?? "";
  return document(
    `Evidence of ${about}`,
    [
      paragraph(summary(predicate)),
      paragraph(
        "This page is for reading. What proves it is the file of the same evidence, with a verifier that is not ours: docs/verify.",
      ),
      facts([
        ["Made at", predicate.made_at],
        ...subject.map(({ name, digest }): [string, Cell] => [name, `sha256:${digest.sha256}`]),
        ["Log", `${log.origin}, ${log.size} leaves`],
      ]),
      ...(request === null ? [] : [requestPart(request, votes)]),
      ...(grant === null ? [] : [grantPart(grant, receipt)]),
      ...(step === null ? [] : [stepPart(step)]),
      ...keys.map(keyPart),
      ...(run === null ? [] : [runPart(run)]),
      eventsPart(events),
      part("Head of the log", preformatted(log.note.trimEnd())),
    ],
    style,
  );
}

function summary({ grant, run, step }: EvidencePredicate): string {
  const said =
    grant !== null
      ? [`${grant.auth_code} is ${grant.status}`]
      : [`Step ${step?.step} of ${step?.plan_id}, revision ${step?.revision}: ${step?.line?.outcome ?? "not ended"}`];
  if (grant?.status === "consumed") said.push(`used once, by ${grant.consumed_by} at ${grant.consumed_at}`);
  if (grant?.status === "revoked") said.push(`by ${grant.revoked_by} at ${grant.revoked_at}: ${grant.revoked_reason}`);
  if (grant !== null && grant.consumed_at === null) said.push("never used");
  if (run === null) said.push("no run of the service");
  else said.push(`run ${run.idempotency_root} ${run.status}${run.stop_state === null ? "" : ` in ${run.stop_state}`}`);
  return `${said.join("; ")}.`;
}

function requestPart(request: Member<"request">, votes: EvidencePredicate["votes"]): string {
  const { quorum } = request;
  return part(
    "What was approved, and by whom",
    facts([
      ["Request", `${request.apr_code} by ${request.requested_by} at ${request.created_at}`],
      ["Digest", request.apr_digest],
      ["Action, risk", `${request.proposed_action_code}, ${request.risk}`],
      [
        "Needed",
        `${quorum.required} approvals, ${quorum.council_required} of them of the council; there are ${quorum.approvals} and ${quorum.council_approvals}`,
      ],
      ["Outcome", `${request.status}: ${request.result ?? "not executed"} ${request.result_at ?? ""}`],
    ]),
    table(
      "Votes",
      ["voter", "decision", "council", "reason", "at"],
      votes.map((vote) => [vote.voter, vote.decision, vote.council ? "yes" : "no", vote.reason, vote.voted_at]),
    ),
    preformatted(JSON.stringify(JSON.parse(request.content), null, 2)),
  );
}

const shown = (value: string | readonly string[] | undefined): string => [value ?? ""].flat().join(", ");

function grantPart(grant: Member<"grant">, receipt: EvidencePredicate["receipt"]): string {
  const { signature } = grant;
  return part(
    "What was granted",
    facts([
      ["Grant", `${grant.auth_code}: ${grant.status}, ${grant.mode}`],
      ["Granted, expires", `${grant.granted_at}, ${grant.expires_at}`],
      ...Object.entries(grant.bindings).map(([name, value]): [string, Cell] => [name, shown(value)]),
      [
        "Signed",
        signature == null
          ? grant.mode === "commit"
            ? "not yet"
            : "no signature is needed"
          : `by ${signature.signer} with ${signature.kid} at ${signature.signed_at}`,
      ],
      [
        "Used",
        receipt === null
          ? "never"
          : `${receipt.consumed_at} by ${receipt.consumed_by}, as ${receipt.idempotency_root}${receipt.fencing_token === null ? "" : `, under ${receipt.lease_name} with fence ${receipt.fencing_token}`}`,
      ],
    ]),
    ...(signature == null ? [] : [preformatted(`${signature.payload}\n\n${signatureText(signature)}`)]),
  );
}

/** The JWS, or what the browser said to the passkey and the bytes of its answer. */
function signatureText({
  jws,
  webauthn,
}: {
  readonly jws: string | null;
  readonly webauthn: WebauthnSignature | null;
}): string {
  if (webauthn === null) return jws ?? "";
  const said = Buffer.from(webauthn.client_data_json, "base64url").toString();
  return `${said}\n\n${webauthn.authenticator_data}\n${webauthn.signature}`;
}

function keyPart(key: EvidencePredicate["keys"][number]): string {
  return part(
    `Key ${key.kid}`,
    facts([
      ["Of", `${key.principal}, registered at ${key.registered_at}`],
      ["Confirmed", key.confirmed_by === null ? "not" : `by ${key.confirmed_by} at ${key.confirmed_at}`],
      ["Good", `${key.valid_from} to ${key.valid_until}`],
      ["Revoked", key.revoked_at === null ? "not" : `${key.revoked_at}: ${key.revoked_reason}`],
      ["Thumbprint (RFC 7638)", key.thumbprint],
      ...(key.webauthn === null ? [] : [["Passkey", `of ${key.webauthn.rp_id}`] as const]),
    ]),
  );
}

function stepPart(step: Member<"step">): string {
  const { record, line } = step;
  return part(
    "The step of the plan",
    facts([
      ["Plan", `${step.plan_id}, revision ${step.revision}, registered by ${step.registered_by}`],
      ["Digest of the plan", step.plan_digest],
      ["Step", `${step.step}, ${step.act}; ${step.step_digest}`],
      [
        "Record",
        record === null ? "none is needed" : `${record.approval_code} by ${record.granted_by}: ${record.status}`,
      ],
      ["Ledger", line === null ? "no line yet" : `line ${line.seq}: ${line.outcome} by ${line.recorded_by}`],
    ]),
    ...(line === null ? [] : [preformatted(JSON.stringify({ delta: line.delta, backups: line.backups }, null, 2))]),
  );
}

function runPart(run: Member<"run">): string {
  return part(
    "What ran",
    facts([
      ["Run", `${run.idempotency_root}: ${run.status}${run.stop_state === null ? "" : ` in ${run.stop_state}`}`],
      ["Build, mode", `${run.build}, ${run.mode}`],
      ["Where", `${run.target}, as ${run.environment}`],
      ["Executor", run.executor],
      ["Began, ended", `${run.created_at}, ${run.finished_at ?? "not yet"}`],
      ...(run.error === null ? [] : [["Error", `${run.error.code}: ${run.error.detail}`] as const]),
    ]),
    table(
      "States",
      ["state", "name", "status", "attempts", "ended", "what it has left"],
      run.states.map((one) => [
        one.state,
        one.name,
        one.status,
        one.attempts,
        one.finished_at ?? "",
        one.detail === null ? "" : shortened(one.detail),
      ]),
    ),
    ...(run.compensations.length === 0
      ? []
      : [
          table(
            "Compensations",
            ["state", "compensation", "status", "attempts", "ended"],
            run.compensations.map((one) => [
              one.state,
              one.compensation,
              one.status,
              one.attempts,
              one.finished_at ?? "",
            ]),
          ),
        ]),
    ...(run.rehearsal === null
      ? []
      : [
          facts([["Rehearsal", `${run.rehearsal.rehearsal_ref}: ${run.rehearsal.passed ? "passed" : "failed"}`]]),
          preformatted(shortened((run.rehearsal.content as { delta?: unknown }).delta)),
        ]),
  );
}

function eventsPart(events: EvidencePredicate["events"]): string {
  return part(
    "Events, in the order of the log",
    table(
      `${events.length} events, each with a proof in the file`,
      ["leaf", "at", "actor", "action", "of"],
      events.map(({ event, leaf }) => [
        leaf,
        event.occurred_at,
        event.actor,
        [event.action, (event.after as { readonly state?: string } | null)?.state ?? ""].join(" ").trimEnd(),
        `${event.resource_type} ${event.resource_id}`,
      ]),
    ),
  );
}

const most = 2_000;

/** As much as a page has room for; the file has all of it. */
function shortened(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters in the file)`;
}
