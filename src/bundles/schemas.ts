import Type, { type Static } from "typebox";
import type { ApprovalRequest } from "../approvals/index.ts";
import type { SealedEventView } from "../evidence/index.ts";
import type { Grant } from "../grants/index.ts";
import type { Run } from "../runs/index.ts";

const closed = { additionalProperties: false } as const;

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

/** What it says; `docs/verify/` describes each member for whoever checks it without us. */
export interface EvidenceStatement {
  readonly _type: "https://in-toto.io/Statement/v1";
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicateType: typeof predicateType;
  readonly predicate: {
    readonly made_at: string;
    readonly request: Pick<
      ApprovalRequest,
      "apr_code" | "apr_digest" | "requested_by" | "created_at" | "quorum" | "proposed_action_code" | "risk"
    > & { readonly content: string };
    readonly votes: ApprovalRequest["votes"];
    readonly grant: Grant;
    readonly run: Run | null;
    readonly events: readonly {
      readonly event: SealedEventView;
      readonly leaf: number;
      readonly path: readonly string[];
    }[];
    readonly log: {
      readonly origin: string;
      readonly size: number;
      readonly note: string;
      readonly verifier_keys: readonly string[];
    };
  };
}

export const predicateType = "https://countersign.dev/evidence/v1";
