import Type, { type Static } from "typebox";
import { Json, Timestamp } from "../../kernel/schemas.ts";

const closed = { additionalProperties: false } as const;

export const LogHash = Type.String({
  pattern: "^[A-Za-z0-9+/]{43}=$",
  description: "SHA-256 in base64.",
  examples: ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
});

export const LogSize = Type.Integer({ minimum: 0, description: "How many leaves." });

/** An event with all that it says: what the entry of a leaf is made of. */
export const LogEvent = Type.Object(
  {
    seq: Type.Integer(),
    occurred_at: Type.String({ description: "To the microsecond, in UTC." }),
    actor: Type.String(),
    action: Type.String(),
    resource_type: Type.String(),
    resource_id: Type.String(),
    request_id: Type.String(),
    before: Json,
    after: Json,
    digests: Json,
  },
  closed,
);

/** What vouches for a key of the log, or for a name of it (AUDIT-2). */
export const LogLink = Type.Object(
  {
    event: LogEvent,
    leaf: Type.Integer({ minimum: 0 }),
    path: Type.Array(LogHash, { description: "From the leaf to the root of the head (RFC 9162, 2.1.3)." }),
    note: Type.String({
      description: "The head that it leads to: of a key, signed with the one before it; of a name, under that name.",
    }),
  },
  closed,
);

/** The signed head of the log (AUDIT-2). */
export const LogCheckpoint = Type.Object(
  {
    origin: Type.String({ description: "The name of the log.", examples: ["countersign.example.com/log"] }),
    size: LogSize,
    root: LogHash,
    note: Type.String({
      description: "The head as it was signed: a checkpoint of C2SP tlog-checkpoint, with all signatures.",
    }),
    signed_at: Timestamp,
    verifier_keys: Type.Array(Type.String(), {
      description: "The log's keys, the present one last; keep them elsewhere.",
    }),
    cosignatures: Type.Integer({ minimum: 0, description: "How many witnesses have signed it." }),
    links: Type.Array(LogLink, {
      description:
        "By what whoever knows an earlier key or name of the log comes to the present ones: `audit_log.key_added` and `audit_log.renamed`, the oldest first.",
    }),
  },
  closed,
);
export type LogCheckpoint = Static<typeof LogCheckpoint>;

/** A file that events were exported to before they were taken out of the database (AUDIT-2). */
export const RetainedPart = Type.Object(
  {
    month: Type.String({ pattern: "^\\d{4}-(0[1-9]|1[0-2])$", examples: ["2026-08"] }),
    file: Type.String({ description: "Its name, as it was written.", examples: ["audit_events_2026_08.81920.jsonl"] }),
    sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
    first_leaf: LogSize,
    last_leaf: LogSize,
  },
  closed,
);
export type RetainedPart = Static<typeof RetainedPart>;

export const InclusionProof = Type.Object(
  {
    seq: Type.Integer({ description: "The event." }),
    leaf: Type.Integer({ minimum: 0, description: "Its leaf, counted from 0." }),
    size: LogSize,
    leaf_hash: LogHash,
    path: Type.Array(LogHash, { description: "From the leaf upwards (RFC 9162, 2.1.3)." }),
    entry: Type.Union([
      Type.String({
        description: "The leaf's entry in base64: the canonical form of the event, with digests of its states.",
      }),
      Type.Null({ description: "The event is not in the database any more: `retained` names the file that it is in." }),
    ]),
    retained: Type.Array(RetainedPart, { description: "Where the event is, if it is not in the database any more." }),
    note: Type.String({ description: "The signed head that it leads to." }),
  },
  closed,
);
export type InclusionProof = Static<typeof InclusionProof>;

export const ConsistencyProof = Type.Object(
  {
    first: LogSize,
    second: LogSize,
    path: Type.Array(LogHash, { description: "RFC 9162, 2.1.4." }),
    note: Type.String(),
  },
  closed,
);
export type ConsistencyProof = Static<typeof ConsistencyProof>;

/** A leaf with the event that it was made of. */
export const LogLeaf = Type.Object({ leaf: Type.Integer({ minimum: 0 }), event: LogEvent }, closed);
export type LogLeaf = Static<typeof LogLeaf>;

export const LogLeaves = Type.Object(
  {
    items: Type.Array(LogLeaf),
    retained: Type.Array(RetainedPart, {
      description: "Files that leaves of this page are in that are not among its items.",
    }),
    next: Type.Union([Type.Integer({ description: "Where to go on." }), Type.Null()]),
    size: LogSize,
  },
  closed,
);
export type LogLeaves = Static<typeof LogLeaves>;
