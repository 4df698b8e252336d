import fastify from "fastify";

/** The least that a service on the same framework could do: read the body and answer a verdict, with no database. */
const app = fastify({ logger: false });
const verdict = {
  verdict: "valid",
  auth_code: "GBA-C1-B1-1",
  mode: "dry-run",
  target: "B1-1",
  request_ref: "B1-1",
  granted_at: "2026-06-23T08:15:30.250Z",
  expires_at: "2026-06-23T09:15:30.250Z",
  on_hold: false,
  checked_at: "2026-06-23T08:15:31.250Z",
};
app.post("/v1/grants/verify", async () => verdict);
console.log(await app.listen({ host: "127.0.0.1", port: 0 }));
