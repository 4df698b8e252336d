import { Gauge, type Registry } from "prom-client";
import type { Database } from "./database/index.ts";
import { readStanding, type Standing } from "./doctor/index.ts";

const gauges: Readonly<Record<keyof Standing, { readonly name: string; readonly help: string }>> = {
  holds: { name: "countersign_holds", help: "Holds in force." },
  runs_under_way: { name: "countersign_runs_under_way", help: "Runs that are not finished." },
  runs_unclaimed: {
    name: "countersign_runs_unclaimed",
    help: "Runs that are not finished and that no process has a claim on at this moment.",
  },
  runs_indeterminate: { name: "countersign_runs_indeterminate", help: "Runs whose target has yet to be read back." },
  oldest_run_seconds: { name: "countersign_oldest_run_seconds", help: "Age of the oldest run that is not finished." },
  live_grants: { name: "countersign_live_grants", help: "Grants that are draft or active." },
  drafts: { name: "countersign_draft_grants", help: "Grants that wait for a signature." },
  sweeper_lag_seconds: {
    name: "countersign_sweeper_lag_seconds",
    help: "For how long the oldest expired grant or request has not been marked.",
  },
  log_size: { name: "countersign_log_size", help: "Leaves of the audit log." },
  log_unsealed_events: {
    name: "countersign_log_unsealed_events",
    help: "Audit events that are not in the log yet, at most: for a moment those of transactions that were rolled back count too.",
  },
  log_unsealed_seconds: {
    name: "countersign_log_unsealed_seconds",
    help: "Age of the oldest audit event that is not in the log.",
  },
  webhook_pending: {
    name: "countersign_webhook_deliveries_pending",
    help: "Deliveries to webhooks that wait for an attempt; 10000 stands for that many or more.",
  },
  webhook_dead: {
    name: "countersign_webhook_deliveries_dead",
    help: "Deliveries to webhooks that were given up; 10000 stands for that many or more.",
  },
  open_incidents: { name: "countersign_open_incidents", help: "Lifecycle incidents that nobody has resolved." },
};

const rememberedMs = 2_000;

/**
 * What is open in the control database, read when somebody asks for the metrics, at most every two seconds (OPEN-6). All
 * processes on one database say the same. While it cannot be read, the gauges say nothing rather than something old.
 */
export function standingMetrics(registry: Registry, database: Database): void {
  let reading: Promise<Standing | undefined> | undefined;
  let until = 0;
  const read = (): Promise<Standing | undefined> => {
    if (reading === undefined || performance.now() > until) {
      until = performance.now() + rememberedMs;
      reading = database.transact(readStanding, { readOnly: true }).catch(() => undefined);
    }
    return reading;
  };
  for (const key of Object.keys(gauges) as (keyof Standing)[]) {
    new Gauge({
      ...gauges[key],
      registers: [registry],
      async collect() {
        const standing = await read();
        this.reset();
        if (standing === undefined) this.remove();
        else this.set(standing[key]);
      },
    });
  }
}
