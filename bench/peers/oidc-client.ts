/** The one client of the provider: a public one, with PKCE. */
export const client = { client_id: "bench", redirect_uri: "https://client.bench/callback" };
export const verifier = "the-code-verifier-of-the-bench-is-long-enough-for-rfc-7636";
