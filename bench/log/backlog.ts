import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { onceAs } from "../grants/place.ts";

/** How far the log is behind the events. */
export interface Behind {
  /** Numbers of events that are drawn and not sealed. */
  readonly events: number;
  /** Seconds since the oldest of them; 0 where there is none. */
  readonly age: number;
}

const behind = `
  SELECT (CASE WHEN is_called THEN last_value ELSE last_value - 1 END - sealed_seq)::float8 AS events,
         coalesce(extract(epoch FROM clock_timestamp() - (SELECT occurred_at FROM audit_events WHERE seq > sealed_seq ORDER BY seq LIMIT 1)),
                  0)::float8 AS age
    FROM audit_log, audit_events_seq`;

/** How often the log is looked at, in ms: more of the machine than that is for those who are measured. */
const everyMs = 250;
/** How long a log may take to catch up with a load that is over, in ms. */
const patienceMs = 60_000;

/** Looks at the log every so often, until it is told to stop; at least once. */
export async function watchLog(superUrl: string): Promise<{ stop(): Promise<readonly Behind[]> }> {
  const client = new pg.Client({ connectionString: superUrl });
  await client.connect();
  const seen: Behind[] = [];
  const stopping = new AbortController();
  const watching = (async () => {
    do {
      const { rows } = await client.query<Behind>(behind);
      seen.push(...rows);
      await pause(everyMs);
    } while (!stopping.signal.aborted);
  })();
  return {
    async stop() {
      stopping.abort();
      try {
        await watching;
      } finally {
        await client.end();
      }
      return seen;
    },
  };
}

/** Waits until nothing is unsealed. @returns how long that took, in seconds @throws Error when it does not come to that */
export async function caughtUp(superUrl: string): Promise<number> {
  const start = performance.now();
  for (;;) {
    const [now] = await onceAs<Behind>(superUrl, behind);
    const waited = performance.now() - start;
    if (now?.events === 0) return waited / 1_000;
    if (waited > patienceMs) throw new Error(`the log is still ${now?.events} events behind`);
    await pause(everyMs);
  }
}

/** Events as consumes leave them, as fast as PostgreSQL takes them. */
const asConsumed = `
  INSERT INTO audit_events (actor, request_id, action, resource_type, resource_id, before, after, digests)
  SELECT 'bench-executor', 'bench-' || n, 'grant.consumed', 'grant', 'GBA-C1-B-' || n, '{"status": "active"}',
         jsonb_build_object('status', 'consumed', 'expires_at', '2026-01-01T00:00:00.000Z', 'consumed_by', 'bench-executor',
                            'idempotency_root', 'GBA-C1-B-' || n),
         jsonb_build_object('manifest_digest', digest, 'schema_digest', digest)
    FROM generate_series($1::bigint + 1, $2::bigint) AS n, (SELECT 'sha256:' || repeat('0', 64) AS digest) AS same`;

/** The same without the states before and after, and without digests: what is asked of a proof does not depend on them. */
const short = `
  INSERT INTO audit_events (actor, request_id, action, resource_type, resource_id)
  SELECT 'bench', 'bench', 'thing.changed', 'thing', 'T-' || lpad(n::text, 9, '0') FROM generate_series($1::bigint + 1, $2::bigint) AS n`;

/** How many events one statement writes. */
const step = 500_000;

/**
 * Writes events, which are then to be sealed.
 * @param from how many there are @param to how many there will be
 * @returns how long it took, in seconds
 */
export async function fillEvents(
  superUrl: string,
  kind: "consumed" | "short",
  from: number,
  to: number,
): Promise<number> {
  const bulk = new URL(superUrl);
  bulk.searchParams.set("options", "-c synchronous_commit=off -c jit=off");
  const start = performance.now();
  for (let at = from; at < to; at += step) {
    await onceAs(bulk.href, kind === "consumed" ? asConsumed : short, [at, Math.min(to, at + step)]);
  }
  await onceAs(superUrl, "VACUUM ANALYZE audit_events");
  await onceAs(superUrl, "CHECKPOINT");
  return (performance.now() - start) / 1_000;
}
