import { setTimeout as pause } from "node:timers/promises";
import type { Place } from "./place.ts";

/** What was seen of the service in one second of the overload. */
export interface Look {
  readonly second: number;
  readonly rssMiB: number;
  readonly lagP99Ms: number;
  readonly inFlight: number;
  readonly limit: number;
  /** How long the look itself took: it is never refused. */
  readonly ms: number;
}

export interface UrgentCall {
  readonly what: string;
  readonly status: number;
  readonly ms: number;
}

export interface Attended {
  readonly looks: readonly Look[];
  readonly urgent: readonly UrgentCall[];
}

/**
 * Beside the load, once a second: reads the metrics, and does what an operator would have to do: revokes a grant, stops an
 * environment and lets it go on.
 * @param revocable grants that nobody else uses
 */
export function attend(place: Place, revocable: readonly string[]): { stop(): Promise<Attended> } {
  const looks: Look[] = [];
  const urgent: UrgentCall[] = [];
  const left = [...revocable];
  const start = performance.now();
  const over = new AbortController();
  const call = async (what: string, path: string, body: object): Promise<Record<string, unknown>> => {
    const sent = performance.now();
    const headers = { authorization: `Bearer ${place.operatorToken}`, "content-type": "application/json" };
    const answer = await fetch(place.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    const content = (await answer.json()) as Record<string, unknown>;
    urgent.push({ what, status: answer.status, ms: performance.now() - sent });
    return content;
  };
  const reason = "A drill under load.";
  const round = async (): Promise<void> => {
    looks.push(await look(place.url, Math.floor((performance.now() - start) / 1_000)));
    const code = left.pop();
    if (code !== undefined) await call("revoke", `/v1/grants/${code}/revoke`, { reason });
    const { id } = await call("hold", "/v1/holds", { environment: "elsewhere", reason });
    await call("lift", `/v1/holds/${String(id)}/lift`, { reason });
  };
  const rounds = (async () => {
    while (!over.signal.aborted) {
      const next = performance.now() + 1_000;
      await round().catch((error: unknown) => urgent.push({ what: String(error), status: 0, ms: 0 }));
      await pause(Math.max(0, next - performance.now()));
    }
  })();
  return {
    stop: async () => {
      over.abort();
      await rounds;
      return { looks, urgent };
    },
  };
}

async function look(url: string, second: number): Promise<Look> {
  const sent = performance.now();
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN);
  return {
    second,
    rssMiB: value("process_resident_memory_bytes") / 2 ** 20,
    lagP99Ms: value("nodejs_eventloop_lag_p99_seconds") * 1_000,
    inFlight: value("countersign_requests_in_flight"),
    limit: value("countersign_requests_in_flight_limit"),
    ms: performance.now() - sent,
  };
}
