import { formatCheckpoint, parseCheckpoint } from "../checkpoint.ts";
import { entryOf, type SealedEvent } from "../entry.ts";
import { firstName, mayHaveBeen } from "../generation.ts";
import { includes, leafHash } from "../merkle.ts";
import { type NoteKey, noteKey, parseNote, parseVerifierKey, signedBy, verifierKey } from "../note.ts";

/** How a key that takes over, and another name after a restore, are put on record. */
export const keyAdded = "audit_log.key_added";
export const logRenamed = "audit_log.renamed";

/** What shows that a key has taken over, or that the log goes on under another name: its event, under a head that a known key has signed. */
export interface KeyLink {
  readonly event: SealedEvent;
  readonly leaf: number;
  readonly path: readonly Uint8Array[];
  readonly note: string;
}

/** What was learnt from a link. */
export type Step =
  | { readonly kind: "key"; readonly leaf: number; readonly key: NoteKey; readonly by: NoteKey }
  | { readonly kind: "name"; readonly leaf: number; readonly origin: string; readonly old: OldHead };

/** The last head under the name that a log had before. */
export interface OldHead {
  readonly origin: string;
  readonly size: number;
  /** In base64. */
  readonly root: string;
}

export interface Followed {
  /** What was trusted, and what it vouches for, each under the name that it was given. */
  readonly keys: readonly NoteKey[];
  readonly steps: readonly Step[];
}

/**
 * The keys that whoever trusts these may trust, too, each vouched for in the log by one before it, and the names that the log has had
 * since (AUDIT-2).
 * @param links in any order; those that prove nothing are passed over
 */
export function followLog(trusted: readonly NoteKey[], links: readonly KeyLink[]): Followed {
  const keys = [...trusted];
  const steps: Step[] = [];
  for (let left = [...links], before = -1; left.length !== before; ) {
    before = left.length;
    left = left.filter((link) => {
      const step = stepOf(link, keys);
      if (step?.kind === "key" && !keys.some((key) => isSame(key, step.key))) keys.push(step.key);
      if (step !== undefined) steps.push(step);
      return step === undefined;
    });
  }
  return { keys, steps: steps.toSorted((one, other) => one.leaf - other.leaf) };
}

/** Only the keys of it. */
export function followKeys(trusted: readonly NoteKey[], links: readonly KeyLink[]): readonly NoteKey[] {
  return followLog(trusted, links).keys;
}

/** The same keys under a name that the log has or had; those of other logs as they are. */
export function underName(keys: readonly NoteKey[], origin: string): NoteKey[] {
  return keys.map((key) => {
    if (key.type !== "note" || key.name === origin || firstName(key.name) !== firstName(origin)) return key;
    return noteKey(origin, key.publicKey);
  });
}

/** Whether they are one key of one log, whatever name it had. */
function isSame(one: NoteKey, other: NoteKey): boolean {
  return (
    one.type === other.type && firstName(one.name) === firstName(other.name) && one.publicKey.equals(other.publicKey)
  );
}

function stepOf(link: KeyLink, trusted: readonly NoteKey[]): Step | undefined {
  const { event, leaf } = link;
  try {
    if (event.resource_type !== "audit_log") return undefined;
    const { isKey, was, note, added, voucher } = readEvent(event);
    const known = trusted.some((key) => isSame(key, voucher)) && added.type === "note";
    const origin = known ? originSealed(link, voucher) : undefined;
    if (origin === undefined || firstName(added.name) !== firstName(origin)) return undefined;
    if (isKey && !isSucceeded(note, voucher, added)) return undefined;
    return isKey ? { kind: "key", leaf, key: added, by: voucher } : nameStep({ leaf, origin, added, note }, was);
  } catch {
    // It is not what a link looks like, or a signature of it is false.
    return undefined;
  }
}

/** What an event says of a key that takes over, or of a name. @throws TypeError where it says neither */
function readEvent({ action, before, after }: SealedEvent) {
  const isKey = action === keyAdded;
  if (!isKey && action !== logRenamed) throw new TypeError("that event vouches for nothing");
  const [was, is] = [before, after] as [Partial<OldHead & Named>, Partial<Named>];
  const added = parseVerifierKey(is.verifier_key ?? "");
  const voucher = isKey ? parseVerifierKey(was.verifier_key ?? "") : added;
  return { isKey, was, note: is.note ?? "", added, voucher };
}

/** The name of the log whose head, signed with that key, has the event; undefined where none has. */
function originSealed({ event, leaf, path, note }: KeyLink, voucher: NoteKey): string | undefined {
  const parsed = parseNote(note);
  const { origin, size, root } = parseCheckpoint(parsed.text);
  const [signer] = underName([voucher], origin);
  const sealed =
    signer?.name === origin &&
    signedBy(parsed, signer) !== undefined &&
    includes({ leaf, size, hash: leafHash(entryOf(event)), path, root });
  return sealed ? origin : undefined;
}

interface Named {
  readonly verifier_key: string;
  readonly note: string;
}

/** What the key before and the one that takes over sign; its second line is no number, so it can be taken for no head. */
export function successionText(before: string, added: string): string {
  return `countersign.dev/log-key/v1\n${before}\n${added}\n`;
}

/** An event can be written by whoever writes to the database; this only by who has the key before. */
function isSucceeded(note: string, before: NoteKey, added: NoteKey): boolean {
  const parsed = parseNote(note);
  return (
    parsed.text === successionText(verifierKey(before), verifierKey(added)) &&
    [before, added].every((key) => signedBy(parsed, key) !== undefined)
  );
}

function nameStep(
  { leaf, origin, added, note }: { leaf: number; origin: string; added: NoteKey; note: string },
  old: Partial<OldHead>,
): Step | undefined {
  const { origin: before, size, root } = old;
  if (before === undefined || size === undefined || root === undefined) return undefined;
  const { name } = added;
  // The first head under the new name, which is the last under the old one: nobody without the key makes it.
  const first = parseNote(note);
  if (first.text !== formatCheckpoint({ origin: name, size, root: Buffer.from(root, "base64") })) return undefined;
  if (signedBy(first, added) === undefined) return undefined;
  const isLater = before !== name && mayHaveBeen(name, before) && mayHaveBeen(origin, name);
  return isLater && leaf >= size
    ? { kind: "name", leaf, origin: name, old: { origin: before, size, root } }
    : undefined;
}

/** A step in words, for a verdict. */
export function describeStep(step: Step): string {
  if (step.kind === "key") {
    return `The key ${verifierKey(step.key)} is vouched for by ${verifierKey(step.by)} at leaf ${step.leaf}.`;
  }
  const { origin, old, leaf } = step;
  return `The log is called ${origin} since its database was restored (leaf ${leaf}); it was ${old.origin} until then, with ${old.size} leaves.`;
}
