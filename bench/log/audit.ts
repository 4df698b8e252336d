import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, stat } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { verifierKey } from "../../src/evidence/index.ts";
import { signer } from "./place.ts";

export interface Audited {
  readonly leaves: number;
  /** Seconds that `audit export` took. */
  readonly exported: number;
  /** Seconds that `audit verify` took. */
  readonly verified: number;
  readonly bytes: number;
}

/** The whole log written to a file by the command, and worked out again from it. @throws Error unless every claim is proved */
export async function audit(directory: string, url: string, auditor: string, leaves: number): Promise<Audited> {
  const file = path.join(directory, "log-export.jsonl");
  try {
    const exported = await command(["audit", "export", file], {
      COUNTERSIGN_URL: url,
      COUNTERSIGN_TOKEN: auditor,
      DATA_DIR: directory,
    });
    const { size: bytes } = await stat(file);
    const verified = await command(["audit", "verify", file, "--key", verifierKey(signer.key)], {
      DATA_DIR: directory,
    });
    return { leaves, exported, verified, bytes };
  } finally {
    await rm(file, { force: true });
  }
}

async function command(words: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const program = fileURLToPath(new URL("../../bin/countersign.js", import.meta.url));
  const start = performance.now();
  const child = spawn(process.execPath, [program, ...words], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  const [status] = (await once(child, "exit")) as [number | null];
  if (status !== 0) throw new Error(`countersign ${words.slice(0, 2).join(" ")} exits with ${status}`);
  return (performance.now() - start) / 1_000;
}
