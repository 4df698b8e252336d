import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { query } from "../../test/support/data-directory.ts";
import { smallDisk } from "../scene/place.ts";
import type { Kind } from "./kind.ts";

/** Writes until there is no room for another byte. */
export function fill(file: string): void {
  const descriptor = openSync(file, "w");
  try {
    for (let size = 1_048_576; size >= 1; size = Math.floor(size / 2)) {
      while (writes(descriptor, Buffer.alloc(size)));
    }
  } finally {
    closeSync(descriptor);
  }
}

function writes(descriptor: number, bytes: Buffer): boolean {
  try {
    return writeSync(descriptor, bytes) === bytes.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return false;
    throw error;
  }
}

/**
 * Uses up the segments of the log that PostgreSQL keeps for use again, one after the other; each switch needs something in
 * the one before it. It ends with the server, which has no room for another.
 */
export async function useUpLog(superUrl: string): Promise<void> {
  for (let segment = 0; segment < 12; segment += 1) {
    const text = "SELECT pg_logical_emit_message(false, 'faults', 'x'); SELECT pg_switch_wal()";
    const went = await query(superUrl, text).catch(() => undefined);
    if (went === undefined) return;
  }
}

export const diskFull: Kind = {
  name: "disk-full",
  what: "no room on PostgreSQL's disk: for tables, or for its log too, which it cannot go on without",
  place: smallDisk,
  async strike({ cluster, stage, naive }, random) {
    const ballast = path.join(cluster.directory, "ballast");
    // Room that a table still has of its own lets a few writes pass: in the control the log is full too.
    const log = naive || random.chance(0.4);
    try {
      fill(ballast);
      if (log) await useUpLog(stage.names.superUrl);
      await pause(random.between(500, 900));
    } finally {
      rmSync(ballast, { force: true });
    }
    await cluster.up();
    return log ? "no room for tables and log" : "no room for tables";
  },
  caughtBy: ["lost", "audit"],
  because: "it has answered, and then its row or its event finds no room",
};
