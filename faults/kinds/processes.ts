import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { query } from "../../test/support/data-directory.ts";
import type { Kind } from "./kind.ts";

export const nothing: Kind = {
  name: "nothing",
  what: "no fault at all, for comparison",
  async strike() {
    await pause(300);
    return "nothing";
  },
  caughtBy: [],
  because: "without a fault the naive consume does well, as far as it is asked gently",
};

export const killService: Kind = {
  name: "kill-service",
  what: "SIGKILL to a process of the service",
  async strike({ slots }, random) {
    if (!slots.some(({ runs }) => runs)) await Promise.race(slots.map((slot) => slot.start()));
    const slot = random.pick(slots.filter(({ runs }) => runs));
    await slot.kill();
    await pause(random.between(100, 300));
    // It comes back while the other goes on; the end of the round waits for it, and fails if it does not come.
    slot.start().catch(() => undefined);
    return `SIGKILL to service ${slot.name}`;
  },
  caughtBy: ["lost", "audit"],
  because: "it answers before it writes, and writes the event apart: what a killed process had not come to is lost",
};

export const killPostgres: Kind = {
  name: "kill-postgres",
  what: "SIGKILL to the postmaster or to a backend of the service",
  async strike(scene, random) {
    if (random.chance(0.5)) {
      await scene.cluster.kill();
      await pause(200);
      await scene.cluster.up();
      return "SIGKILL to the postmaster";
    }
    const [backend] = await query(
      scene.stage.names.superUrl,
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = 'countersign_app' AND application_name = 'countersign'
        ORDER BY xact_start NULLS LAST LIMIT 1`,
    );
    if (backend !== undefined) process.kill(Number(backend["pid"]), "SIGKILL");
    // The postmaster ends all other backends too and recovers.
    await pause(200);
    await scene.cluster.up();
    return "SIGKILL to a backend";
  },
  caughtBy: ["lost", "audit"],
  because: "it has answered before it knows of a commit",
};

export const stopService: Kind = {
  name: "stop-service",
  what: "SIGSTOP to a process of the service, SIGCONT later",
  async strike({ slots }, random) {
    const slot = random.pick(slots);
    // Now and then longer than the claim on a run lasts: another process takes it up, and this one comes back to it.
    const milliseconds = random.chance(0.2) ? random.between(2_200, 2_600) : random.between(1_100, 1_400);
    slot.signal("SIGSTOP");
    await pause(milliseconds);
    slot.signal("SIGCONT");
    return `service ${slot.name} stopped for ${milliseconds} ms`;
  },
  caughtBy: ["late"],
  because: "what it has looked at before it was stopped has expired when it goes on to write",
};

export const stopPostgres: Kind = {
  name: "stop-postgres",
  what: "SIGSTOP to the postmaster and all its children, SIGCONT later",
  async strike({ cluster }, random) {
    const milliseconds = random.between(1_100, 1_400);
    await cluster.signalAll("SIGSTOP");
    try {
      await pause(milliseconds);
    } finally {
      await cluster.signalAll("SIGCONT");
    }
    return `PostgreSQL stopped for ${milliseconds} ms`;
  },
  caughtBy: ["late", "audit"],
  because: "its write waits in PostgreSQL past the expiry, which nothing there looks at again",
};
