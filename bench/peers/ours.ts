import { overHttp } from "../grants/load.ts";
import { makePlace } from "../grants/place.ts";
import { bindingsOf, seed } from "../grants/seed.ts";
import type { EmbeddedServer } from "../../src/database/embedded/index.ts";
import type { Contender } from "./contender.ts";

/** This service, over HTTP, as a process of its own. */
export async function ours(server: EmbeddedServer): Promise<Contender> {
  const place = await makePlace(server, "bench_peers_ours", new URL("../../", import.meta.url));
  return {
    name: "this service",
    steps: {
      does: "token, lock, 12 bindings and holds judged, status set, receipt, audit event",
      overHttp: true,
      transactions: 1,
      shared: 1,
      rows: 3,
      exactlyOnce: true,
      onRecord: true,
    },
    async use(atOnce, count) {
      const codes = await seed(place, count);
      const asks = codes.map((code) => ({
        path: `/v1/grants/${code}/consume`,
        body: JSON.stringify({ ...bindingsOf(code), idempotency_root: code }),
      }));
      return overHttp(place.url, place.token, atOnce, asks);
    },
    close: place.close,
  };
}
