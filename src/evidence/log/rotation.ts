import type { Tx } from "../../database/index.ts";
import { serviceCaller } from "../../kernel/caller.ts";
import { appendEvent } from "../append.ts";
import { keyAdded, successionText } from "./links/follow.ts";
import { keepLink } from "./links/store.ts";
import { formatNote, verifierKey } from "./note.ts";
import { headSignatures, type LogSigner } from "./signer.ts";
import { insertLogKey, logKeys } from "./store.ts";

/** The log of this database is signed with another key than this process has. */
export class LogKeyMismatch extends Error {
  constructor(expected: string) {
    super(
      `LOG_KEY is not the key of this database's log, which is ${expected}. Give every service the same key; to replace it, give the new one with the old one behind a comma.`,
    );
    this.name = "LogKeyMismatch";
  }
}

/**
 * Makes this process's key the one of the log, if it comes with the present one: the event that tells of it has the signature of the old key
 * over the new one, and both sign each head from now on, so that it is sealed under the old one as well (AUDIT-2).
 * @throws LogKeyMismatch where it comes alone, or was replaced before
 */
export async function takeOver(tx: Tx, signer: LogSigner): Promise<void> {
  const { also = [], ...present } = signer;
  const own = verifierKey(signer.key);
  const known = await logKeys(tx);
  const last = known.at(-1);
  if (own === last) return;
  const before = also.find(({ key }) => verifierKey(key) === last);
  if (last === undefined || before === undefined || known.includes(own)) {
    throw new LogKeyMismatch(last ?? "none");
  }
  const text = successionText(last, own);
  const note = formatNote({ text, signatures: headSignatures(text, { ...present, also: [before] }) });
  // Of several that come at once one is first; the others wait for it here.
  if (!(await insertLogKey(tx, own))) return;
  await appendEvent(tx, serviceCaller("log"), {
    action: keyAdded,
    resourceType: "audit_log",
    resourceId: signer.key.name,
    before: { verifier_key: last },
    after: { verifier_key: own, note },
  });
  await keepLink(tx, { type: "audit_log", id: signer.key.name });
}

/** A process that does not have the new key yet leaves the log to those that have. @throws LogKeyMismatch */
export async function requirePresentKey(tx: Tx, { key }: LogSigner): Promise<void> {
  const present = (await logKeys(tx)).at(-1);
  if (present !== undefined && present !== verifierKey(key)) throw new LogKeyMismatch(present);
}

export { followKeys, keyAdded, type KeyLink } from "./links/follow.ts";
