import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { query } from "../../test/support/data-directory.ts";
import type { Stage } from "../../test/support/service.ts";
import type { Closing } from "../closing.ts";
import type { Seeded } from "../seeded.ts";
import type { Cluster } from "./cluster.ts";
import { eventually } from "./patience.ts";
import { Slot } from "./slot.ts";
import { disarm, makeStage } from "./stage.ts";

/** Two processes of the service on one database, with wires between everything. */
export interface Scene {
  readonly cluster: Cluster;
  readonly stage: Stage;
  readonly slots: readonly [Slot, Slot];
  /** Whether consumes are those of the control. */
  readonly naive: boolean;
  /** Waits until the database lets clients in, both processes say that they are ready, and nothing is left open. */
  well(): Promise<void>;
}

const naivePreload = fileURLToPath(new URL("../naive/preload.ts", import.meta.url));

/** @param folder where the logs of the processes are kept */
export async function setScene(
  closing: Closing,
  cluster: Cluster,
  options: { readonly name: string; readonly folder: string; readonly random: Seeded; readonly naive?: boolean },
): Promise<Scene> {
  const { name, folder, random, naive = false } = options;
  mkdirSync(folder, { recursive: true });
  const stage = await makeStage(closing, cluster, name);
  if (naive) await disarm(stage);
  const parts = { stage, targetUrl: cluster.targetUrl, folder, random, ...(naive && { preload: naivePreload }) };
  const slots = [new Slot(closing, "a", parts), new Slot(closing, "b", parts)] as const;
  await Promise.all(slots.map((slot) => slot.open()));
  const well = async (): Promise<void> => {
    await cluster.up();
    for (const slot of slots) {
      await slot.start();
      await eventually(`service ${slot.name} is ready`, () => isReady(slot));
    }
    await eventually("no transaction of a service is left open", () => isQuiet(stage));
  };
  return { cluster, stage, slots, naive, well };
}

async function isReady(slot: Slot): Promise<boolean> {
  const answer = await slot.service().call("GET", "/readyz", { signal: AbortSignal.timeout(6_000) });
  return answer.status === 200;
}

/** Of the service's connections, none is in a transaction that is older than a moment. */
async function isQuiet(stage: Stage): Promise<boolean> {
  const rows = await query(
    stage.names.superUrl,
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = 'countersign_app'
        AND xact_start < clock_timestamp() - interval '500 milliseconds'`,
  );
  return rows.length === 0;
}
