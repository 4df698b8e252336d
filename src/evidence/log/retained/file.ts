import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { canonicalJson } from "../../../kernel/json.ts";

/** The first line of an export: what it is of, and the signed head that it was taken under. */
export interface ExportHeader {
  readonly format: "countersign-log/1";
  readonly origin: string;
  readonly size: number;
  readonly note: string;
  /** Of a retained month; absent in an export of the whole log. */
  readonly month?: string;
}

/** Writes lines beside their place, to the disk, and puts the whole file there at once. */
export async function writeWhole(file: string, lines: AsyncIterable<string>): Promise<void> {
  const draft = `${file}.${randomBytes(4).toString("hex")}.part`;
  const to = await open(draft, "wx", 0o600);
  try {
    let waiting = "";
    for await (const line of lines) {
      waiting += `${line}\n`;
      if (waiting.length > 1 << 18) {
        await to.write(waiting);
        waiting = "";
      }
    }
    await to.write(waiting);
    await to.sync();
    await rename(draft, file);
  } finally {
    await to.close();
    await rm(draft, { force: true });
  }
  await syncDirectory(path.dirname(file));
}

/** A name is as durable as its directory. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } catch (error) {
    // Some systems know no such thing for a directory.
    if (!["EINVAL", "EPERM", "EISDIR"].includes(String((error as NodeJS.ErrnoException).code))) throw error;
  } finally {
    await handle.close();
  }
}

/** SHA-256 of a file in hexadecimal; undefined where there is none. */
export async function digestOfFile(file: string): Promise<string | undefined> {
  if ((await stat(file).catch(() => undefined)) === undefined) return undefined;
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

export function linesOf(file: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
}

/** Whether a file may be written there: nothing is, or what an earlier attempt for the same month of the same log has left. */
export async function isOurs(file: string, origin: string, month: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return true;
  if (!found.isFile()) return false;
  try {
    for await (const first of linesOf(file)) {
      const header = JSON.parse(first) as Partial<ExportHeader>;
      return header.origin === origin && header.month === month && canonicalJson(header) === first;
    }
    return false;
  } catch {
    return false;
  }
}
