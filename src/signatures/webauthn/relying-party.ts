/** Who the passkeys are for: what an authenticator binds them to, and where a browser may use them (WebAuthn, 4). */
export interface RelyingParty {
  /** The host of every origin. */
  readonly rpId: string;
  readonly origins: readonly string[];
}
