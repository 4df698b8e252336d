import { Gauge, type Registry } from "prom-client";
import type { LogSighting } from "./doctor/index.ts";
import { type Cosigners, type LogFault, type LogFaultCode, logFaults, type Witness } from "./evidence/index.ts";

/** What this process has noticed about the audit log since it was started: for the doctor and the metrics (AUDIT-2). */
export interface LogWatch {
  /** It stays noticed until the process ends: that the log looks well again says nothing of who had changed it. */
  noticed(fault: LogFault): void;
  /** The witness, and note is taken of whether it has the newest head. */
  watched(witness: Witness): Witness;
  sighting(): LogSighting;
}

export function makeLogWatch(cosigners: Cosigners): LogWatch {
  const faults = new Map<LogFaultCode, { readonly detail: string; readonly since: Date }>();
  /** By name, since when a head has been shown in vain; milliseconds of this process. */
  const waiting = new Map<string, number | undefined>();
  return {
    noticed({ code, message }) {
      if (!faults.has(code)) faults.set(code, { detail: message, since: new Date() });
    },
    watched(witness) {
      const { name } = witness;
      waiting.set(name, undefined);
      return {
        name,
        async show(note, prove) {
          waiting.set(name, waiting.get(name) ?? performance.now());
          const lines = await witness.show(note, prove);
          waiting.set(name, undefined);
          return lines;
        },
      };
    },
    sighting: () => ({
      faults: [...faults].map(([code, fault]) => ({ code, ...fault })),
      witnesses: [...waiting].map(([name, since]) => ({
        name,
        lagSeconds: since === undefined ? 0 : (performance.now() - since) / 1_000,
      })),
      cosigners,
    }),
  };
}

/** What a process says of the log for itself: others on the same database may have seen more, or less (OPEN-6). */
export function logMetrics(registry: Registry, watch: LogWatch): void {
  new Gauge({
    name: "countersign_log_faults",
    help: "1 where this process has found the audit log changed in that way, since it was started.",
    labelNames: ["code"],
    registers: [registry],
    collect() {
      const noticed = new Set(watch.sighting().faults.map(({ code }) => code));
      for (const code of logFaults) this.set({ code }, noticed.has(code) ? 1 : 0);
    },
  });
  new Gauge({
    name: "countersign_log_witness_lag_seconds",
    help: "For how long the witness has not taken the newest head that this process shows it.",
    labelNames: ["witness"],
    registers: [registry],
    collect() {
      for (const { name, lagSeconds } of watch.sighting().witnesses) this.set({ witness: name }, lagSeconds);
    },
  });
}
