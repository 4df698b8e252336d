/** A session is open until it ends, once and for good, for one of these reasons. It stays on record. */
export type EndReason = "signed_out" | "replaced" | "expired" | "idle" | "token_ended" | "principal_disabled";
