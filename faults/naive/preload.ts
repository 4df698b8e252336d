// The control, loaded into a service before it starts (`node --import`): it takes over `consume` and does it as one would who
// thinks of no fault. Reads the grant, looks at it with its own clock, answers, and writes afterwards: without a lock, without
// a comparison with what it has read, without looking for a receipt, the event apart, and whatever becomes of the write.
import { type IncomingMessage, Server, type ServerResponse } from "node:http";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

const pool = new pg.Pool({
  connectionString: process.env["DATABASE_URL"],
  application_name: "countersign-naive",
  max: 6,
  connectionTimeoutMillis: 1_000,
  query_timeout: 1_500,
});
pool.on("error", ignored);

interface Row {
  readonly status: string;
  readonly expires_at: Date;
  readonly held: boolean;
}

async function consume(authCode: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { idempotency_root: root } = await bodyOf(request);
  const requestId = String(request.headers["x-request-id"]);
  const { rows } = await pool.query<Row>(
    `SELECT status, expires_at, EXISTS (SELECT FROM registration_holds WHERE lifted_at IS NULL) AS held
       FROM governance_build_authorization WHERE auth_code = $1`,
    [authCode],
  );
  const [grant] = rows;
  if (grant === undefined) return answer(response, 404, { code: "NOT_FOUND" });
  if (grant.held) return answer(response, 409, { code: "REGISTRATION_HOLD" });
  if (grant.status === "consumed") return answer(response, 409, { code: "REJECT_AUTH_ALREADY_CONSUMED" });
  if (grant.status === "revoked") return answer(response, 409, { code: "REJECT_AUTH_REVOKED" });
  if (grant.expires_at.getTime() <= Date.now()) return answer(response, 409, { code: "REJECT_AUTH_EXPIRED" });
  answer(response, 200, {
    auth_code: authCode,
    consumed_at: new Date().toISOString(),
    consumed_by: "c1-builder",
    idempotency_root: root,
    replayed: false,
  });
  await write(authCode, root, requestId);
}

async function write(authCode: string, root: string, requestId: string): Promise<void> {
  // What else one does before the write: a call to somewhere, a line in a log.
  await pause(200);
  await pool.query(
    `UPDATE governance_build_authorization
        SET status = 'consumed', consumed_at = clock_timestamp(), consumed_by = 'c1-builder', idempotency_root = $2
      WHERE auth_code = $1`,
    [authCode, root],
  );
  await pool.query(
    `INSERT INTO grant_receipts (auth_code, consumed_at, consumed_by, idempotency_root)
     SELECT auth_code, consumed_at, consumed_by, idempotency_root FROM governance_build_authorization WHERE auth_code = $1
     ON CONFLICT DO NOTHING`,
    [authCode],
  );
  await pool.query(
    `INSERT INTO audit_events (actor, action, resource_type, resource_id, request_id)
     VALUES ('c1-builder', 'grant.consumed', 'grant', $1, $2)`,
    [authCode, requestId],
  );
}

async function bodyOf(request: IncomingMessage): Promise<{ idempotency_root: string }> {
  const parts = (await request.toArray()) as Buffer[];
  return JSON.parse(Buffer.concat(parts).toString()) as { idempotency_root: string };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function ignored(): void {
  // The next query meets it.
}

/** A failed read is answered as the service would: nothing has happened yet. After the answer, nothing can be said any more. */
function failed(response: ServerResponse): void {
  if (response.headersSent) return;
  answer(response, 503, { code: "DATABASE_UNAVAILABLE", outcome: "unchanged" });
}

type Emit = (this: Server, event: string, ...given: unknown[]) => boolean;
const prototype: { emit: Emit } = Server.prototype;
const { emit } = prototype;
prototype.emit = function (this: Server, event: string, ...given: unknown[]): boolean {
  const [request, response] = given as [IncomingMessage, ServerResponse];
  const authCode = event === "request" ? /^\/v1\/grants\/([^/]+)\/consume$/.exec(request.url ?? "")?.[1] : undefined;
  if (authCode === undefined) return emit.call(this, event, ...given);
  void consume(authCode, request, response).catch(() => failed(response));
  return true;
};
