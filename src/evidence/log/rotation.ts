import type { Tx } from "../../database/index.ts";
import { serviceCaller } from "../../kernel/caller.ts";
import { appendEvent } from "../append.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { entryOf, type SealedEvent } from "./entry.ts";
import { includes, leafHash } from "./merkle.ts";
import { type NoteKey, parseNote, parseVerifierKey, signedBy, verifierKey } from "./note.ts";
import { keysOf, type LogSigner } from "./signer.ts";
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

/** How a key that takes over is put on record. */
export const keyAdded = "audit_log.key_added";

/**
 * Makes this process's key the one of the log, if it comes with the present one: both sign each head from now on, so that the event
 * that names the new key is sealed under the old one, which so vouches for it (AUDIT-2).
 * @throws LogKeyMismatch where it comes alone, or was replaced before
 */
export async function takeOver(tx: Tx, signer: LogSigner): Promise<void> {
  const [own, ...before] = keysOf(signer).map(verifierKey);
  const known = await logKeys(tx);
  const present = known.at(-1);
  if (own === undefined || own === present) return;
  if (present === undefined || !before.includes(present) || known.includes(own)) {
    throw new LogKeyMismatch(present ?? "none");
  }
  // Of several that come at once one is first; the others wait for it here.
  if (!(await insertLogKey(tx, own))) return;
  await appendEvent(tx, serviceCaller("log"), {
    action: keyAdded,
    resourceType: "audit_log",
    resourceId: signer.key.name,
    before: { verifier_key: present },
    after: { verifier_key: own },
  });
}

/** A process that does not have the new key yet leaves the log to those that have. @throws LogKeyMismatch */
export async function requirePresentKey(tx: Tx, { key }: LogSigner): Promise<void> {
  const present = (await logKeys(tx)).at(-1);
  if (present !== undefined && present !== verifierKey(key)) throw new LogKeyMismatch(present);
}

/** What shows that a key has taken over: its event in the log, under a head that the key before it has signed. */
export interface KeyLink {
  readonly event: SealedEvent;
  readonly leaf: number;
  readonly path: readonly Uint8Array[];
  readonly note: string;
}

/**
 * The keys that whoever trusts these may trust, too: each vouched for in the log by one before it (AUDIT-2).
 * @param links in any order; those that prove nothing are passed over
 */
export function followKeys(trusted: readonly NoteKey[], links: readonly KeyLink[]): readonly NoteKey[] {
  const keys = [...trusted];
  for (let left = [...links], before = -1; left.length !== before; ) {
    before = left.length;
    left = left.filter((link) => {
      const key = keyOf(link, keys);
      if (key !== undefined) keys.push(key);
      return key === undefined;
    });
  }
  return keys;
}

function keyOf({ event, leaf, path, note }: KeyLink, trusted: readonly NoteKey[]): NoteKey | undefined {
  try {
    const parsed = parseNote(note);
    const { origin, size, root } = parseCheckpoint(parsed.text);
    const { verifier_key: old } = event.before as { verifier_key: string };
    const voucher = trusted.find((key) => verifierKey(key) === old && key.name === origin);
    const { verifier_key: added } = event.after as { verifier_key: string };
    const key = parseVerifierKey(added);
    const proved =
      event.action === keyAdded &&
      key.name === origin &&
      voucher !== undefined &&
      signedBy(parsed, voucher) !== undefined &&
      includes({ leaf, size, hash: leafHash(entryOf(event)), path, root });
    return proved ? key : undefined;
  } catch {
    // It is not what a link looks like, or a signature of it is false.
    return undefined;
  }
}
