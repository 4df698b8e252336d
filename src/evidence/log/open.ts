import type { Tx } from "../../database/index.ts";
import { emptyRoot } from "./merkle.ts";
import { verifierKey } from "./note.ts";
import type { LogSigner } from "./signer.ts";
import { insertHead, insertLogKey, logKeys, readHead } from "./store.ts";

/** The log of this database is signed with another key than this process has. */
export class LogKeyMismatch extends Error {
  constructor(expected: string) {
    super(
      `LOG_KEY is not the key of this database's log, which is ${expected}. Give every service the same key, or rotate it.`,
    );
    this.name = "LogKeyMismatch";
  }
}

/**
 * Opens the log of this database with this process's key: the first one names it (AUDIT-2).
 * @throws LogKeyMismatch where it has another
 */
export async function openLog(tx: Tx, signer: LogSigner): Promise<void> {
  const own = verifierKey(signer.key);
  if ((await readHead(tx)) === undefined) {
    await insertHead(tx, signer.key.name, emptyRoot);
    await insertLogKey(tx, own);
  }
  const current = (await logKeys(tx)).at(-1);
  if (current !== own) throw new LogKeyMismatch(current ?? "none");
}
