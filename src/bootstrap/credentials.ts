import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Database } from "../database/index.ts";
import { type Role, serviceCaller } from "../kernel/caller.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import { createToken, ensurePrincipal, listPrincipals, lockPrincipals } from "../principals/index.ts";

/** Who the embedded database starts with: the name in the file, the principal, its role. */
const starters: readonly { name: string; principal: string; role: Role }[] = [
  { name: "requester", principal: "requester", role: "requester" },
  { name: "approver_1", principal: "approver_1", role: "approver" },
  { name: "approver_2", principal: "approver_2", role: "approver" },
  { name: "council_1", principal: "council_1", role: "council" },
  { name: "council_2", principal: "council_2", role: "council" },
  { name: "sovereign", principal: "sovereign", role: "sovereign" },
  { name: "dispatcher", principal: "dispatcher", role: "dispatcher" },
  { name: "executor", principal: "c1-builder", role: "executor" },
  { name: "operator", principal: "operator", role: "operator" },
  { name: "auditor", principal: "auditor", role: "auditor" },
  { name: "admin", principal: "admin", role: "admin" },
];

const ttlSeconds = 365 * 86_400;

/**
 * Makes the first principals and their tokens where there is none yet, and writes them to `credentials.json` (mode
 * 0600), the only place where they are shown. The file is written before the commit: a crash in between leaves a file
 * of tokens that nobody accepts, and the next start writes it anew.
 * @returns the path of the file
 */
export async function ensureCredentials(
  database: Database,
  keys: ServerKeys,
  dataDir: string,
  syncSecret: string,
): Promise<string> {
  const file = path.join(dataDir, "credentials.json");
  const caller = serviceCaller("bootstrap");
  await database.transact(async (tx) => {
    await lockPrincipals(tx);
    if ((await listPrincipals(tx)).length > 0) return;
    const tokens: Record<string, string> = {};
    for (const { name, principal, role } of starters) {
      await ensurePrincipal(tx, caller, principal, [role]);
      tokens[name] = (await createToken(tx, caller, keys, { principal, label: "first start", ttlSeconds })).token;
    }
    await replace(file, { url: null, sync_secret: syncSecret, tokens });
  });
  return file;
}

/** Rewrites the address in the file, at each start. */
export async function noteUrl(file: string, url: string): Promise<void> {
  let content: Record<string, unknown>;
  try {
    content = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  } catch {
    // The file was taken away: its tokens are shown nowhere else, and `countersign token create` makes new ones.
    return;
  }
  await replace(file, { ...content, url });
}

async function replace(file: string, content: object): Promise<void> {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  await rename(draft, file);
}
