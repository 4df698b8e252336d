import Type, { type Static } from "typebox";
import { ApprovalRequest } from "../approvals/index.ts";
import { LogEvent, LogLink } from "../evidence/index.ts";
import { AuthCode, Grant } from "../grants/index.ts";
import { Digest, Principal, Timestamp } from "../kernel/schemas.ts";
import { LedgerLine, ProposalApproval } from "../plans/index.ts";
import { Run } from "../runs/index.ts";
import { SigningKey } from "../signatures/index.ts";

const closed = { additionalProperties: false } as const;
const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const predicateType = "https://countersign.dev/evidence/v1";

/** What the evidence is sent as: a DSSE envelope around an in-toto statement (OPEN-5). */
export const EvidenceEnvelope = Type.Object(
  {
    payload: Type.String({ description: "The statement, canonical (RFC 8785), in base64." }),
    payloadType: Type.Literal("application/vnd.in-toto+json"),
    signatures: Type.Array(
      Type.Object(
        {
          keyid: Type.String({ description: "The verifier key of the log that has signed it." }),
          sig: Type.String({ description: "Ed25519 over the pre-authentication encoding, in base64." }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type EvidenceEnvelope = Static<typeof EvidenceEnvelope>;

const of = ApprovalRequest.properties;

const Request = Type.Object(
  {
    apr_code: of.apr_code,
    apr_digest: of.apr_digest,
    status: of.status,
    requested_by: of.requested_by,
    created_at: of.created_at,
    decide_by: of.decide_by,
    quorum: of.quorum,
    proposed_action_code: of.proposed_action_code,
    risk: of.risk,
    result: of.result,
    result_at: of.result_at,
    content: Type.String({ description: "The canonical bytes (RFC 8785) that `apr_digest` is of, as text." }),
  },
  { ...closed, description: "What was approved; null for a step of a plan." },
);

const StoredReceipt = Type.Object(
  {
    auth_code: AuthCode,
    consumed_at: Timestamp,
    consumed_by: Principal,
    idempotency_root: Type.String(),
    lease_name: nullable(Type.String()),
    fencing_token: nullable(Type.Integer({ description: "Of the lease that was taken in the same transaction." })),
  },
  { ...closed, description: "What is left of the one use; null while there was none." },
);

const Step = Type.Object(
  {
    plan_id: Type.String(),
    revision: Type.String(),
    plan_digest: Digest,
    registered_by: Principal,
    step: Type.Integer(),
    content: Type.String({ description: "The canonical bytes of the step, which `step_digest` is of, as text." }),
    step_digest: Digest,
    act: Type.Enum(["commit", "rollback"]),
    record: nullable(ProposalApproval),
    line: nullable(LedgerLine),
  },
  {
    ...closed,
    description:
      "Of a run that is a step of a plan: its M-1 record, and its line in the ledger with the backups' digests.",
  },
);

const ProvedEvent = Type.Object(
  {
    event: LogEvent,
    leaf: Type.Integer({ minimum: 0, description: "Its place in the log, counted from 0." }),
    path: Type.Array(Type.String(), { description: "Hashes in base64, from the leaf upwards (RFC 9162, 2.1.3)." }),
  },
  closed,
);

const Log = Type.Object(
  {
    origin: Type.String(),
    size: Type.Integer({ minimum: 1 }),
    note: Type.String({ description: "The signed head (C2SP tlog-checkpoint), with all signatures." }),
    verifier_keys: Type.Array(Type.String(), {
      description: "The log's keys as it names them itself: nothing to trust, but to find yours among.",
    }),
    links: Type.Array(LogLink, {
      description: "By what a key or name of the log that you know leads to those of the head, the oldest first.",
    }),
  },
  closed,
);

/** What the statement says; `docs/verify/` describes how each member is checked without us. */
export const EvidencePredicate = Type.Object(
  {
    made_at: Type.String({ description: "By the database's clock, in UTC to the microsecond." }),
    request: nullable(Request),
    votes: Type.Array(of.votes.items),
    grant: nullable(Grant),
    receipt: nullable(StoredReceipt),
    keys: Type.Array(SigningKey, {
      description: "The public keys of the people who signed, each with the proof that its owner holds it.",
    }),
    run: nullable(Run),
    step: nullable(Step),
    events: Type.Array(ProvedEvent, { description: "In the order of the log." }),
    log: Log,
  },
  { ...closed, title: predicateType, description: "Evidence of a grant or of a run, to be checked off-line." },
);
export type EvidencePredicate = Static<typeof EvidencePredicate>;

/** The in-toto statement (OPEN-5). */
export interface EvidenceStatement {
  readonly _type: "https://in-toto.io/Statement/v1";
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicateType: typeof predicateType;
  readonly predicate: EvidencePredicate;
}

/** The predicate as JSON Schema, as it is served and kept beside the verifier. */
export function predicateSchema(): Record<string, unknown> {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: predicateType,
    // TypeBox keeps what it knows of a type beside the keywords; JSON has the keywords alone.
    ...(JSON.parse(JSON.stringify(EvidencePredicate)) as Record<string, unknown>),
  };
}
