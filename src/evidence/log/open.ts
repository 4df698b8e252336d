import type { Tx } from "../../database/index.ts";
import { signerOf } from "./generation.ts";
import { emptyRoot } from "./merkle.ts";
import { verifierKey } from "./note.ts";
import { takeOver } from "./rotation.ts";
import type { LogSigner } from "./signer.ts";
import { insertHead, insertLogKey, readHead } from "./store.ts";

/**
 * Opens the log of this database with this process's key: the first one names it, and one that comes with the present key behind it takes
 * over from it (AUDIT-2).
 * @returns the key under the name that the log has now, which is another one from each restore on
 * @throws LogKeyMismatch where it has another
 */
export async function openLog(tx: Tx, signer: LogSigner): Promise<LogSigner> {
  if ((await readHead(tx)) === undefined && (await insertHead(tx, signer.key.name, emptyRoot))) {
    await insertLogKey(tx, verifierKey(signer.key));
  }
  const { origin } = (await readHead(tx)) ?? { origin: signer.key.name };
  const named = signerOf(signer, origin);
  await takeOver(tx, named);
  return named;
}
