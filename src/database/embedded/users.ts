import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { isAlive, ownStamp } from "./processes.ts";

/** Notes, for the last one out, that this process uses the server; to be called under the directory lock. */
export async function register(directory: string): Promise<string> {
  const { pid, start } = ownStamp();
  const file = path.join(directory, `${pid}-${start}-${randomBytes(6).toString("hex")}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(file, "");
  return file;
}

/** Strikes this use off, and those of processes that died; answers how many remain. Under the directory lock. */
export async function unregister(directory: string, file: string): Promise<number> {
  await rm(file, { force: true });
  let remaining = 0;
  for (const name of await readdir(directory).catch(() => [])) {
    const [pid, start] = name.split("-");
    if (isAlive({ pid: Number(pid), start: start ?? "" })) remaining += 1;
    else await rm(path.join(directory, name), { force: true });
  }
  return remaining;
}
