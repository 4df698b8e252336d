import type { AuditEvent, InclusionProof, LogCheckpoint } from "../../../evidence/index.ts";
import { fromBase64 } from "../bytes/base64.ts";
import { areSame, canonicalJson, digestOfText, sha256, utf8 } from "../bytes/digest.ts";
import { isNoteSigned, readHead } from "./note.ts";

/** What is looked at, in this order. */
export const checkNames = ["event", "leaf", "path", "head", "signature", "listed"] as const;
export type CheckName = (typeof checkNames)[number];

export interface Check {
  readonly name: CheckName;
  /** Undefined where this browser cannot look. */
  readonly holds: boolean | undefined;
  /** What was computed here, for whoever wants to compare it. */
  readonly found: string;
}

/** An event and what the service says that proves it. */
export interface Claimed {
  /** As the log has it, with all that it says. */
  readonly event: AuditEvent;
  /** As the list shows it; undefined where the event was not come to by a list. */
  readonly listed?: AuditEvent | undefined;
  readonly proof: InclusionProof;
  readonly checkpoint: LogCheckpoint;
}

const outer = Uint8Array.of(0);
const inner = Uint8Array.of(1);

/**
 * Proves here, and not by the service's word, that an event is in the log that a signed head stands for (AUDIT-2): the
 * entry is what the event says, its leaf leads by the path to the root, and the root is what was signed.
 */
export async function checkInclusion(claimed: Claimed): Promise<Check[]> {
  const { event, listed, proof, checkpoint } = claimed;
  const entry = proof.entry === null ? undefined : new TextDecoder().decode(fromBase64(proof.entry));
  const said = await entryOf(event);
  const leaf = await sha256(outer, utf8(said));
  const root = await rootBy(proof, leaf);
  const head = readHead(proof.note);
  const rootText = root === undefined ? "" : base64Of(root);
  const names = root !== undefined && head !== undefined && head.size === proof.size && areSame(head.root, root);
  return [
    { name: "event", holds: event.seq === proof.seq && entry === said, found: await digestOfText(said) },
    { name: "leaf", holds: areSame(leaf, fromBase64(proof.leaf_hash)), found: base64Of(leaf) },
    { name: "path", holds: root !== undefined && head !== undefined && areSame(head.root, root), found: rootText },
    { name: "head", holds: names && isOfLog(checkpoint, head), found: headText(head) },
    await signature(proof.note, checkpoint),
    ...(listed === undefined ? [] : [{ name: "listed" as const, holds: isSaidAlike(listed, event), found: "" }]),
  ];
}

/** The entry that a leaf is made of: the event in canonical form, with digests of its states. */
async function entryOf({ before, after, ...said }: AuditEvent): Promise<string> {
  return canonicalJson({ ...said, before: await digestOrNull(before), after: await digestOrNull(after) });
}

async function digestOrNull(state: unknown): Promise<string | null> {
  return state === null || state === undefined ? null : digestOfText(canonicalJson(state));
}

/** From the leaf to the root (RFC 9162, 2.1.3.2); undefined where the path does not fit the size of the tree. */
export async function rootBy(
  proof: Pick<InclusionProof, "leaf" | "size" | "path">,
  leafHash: Uint8Array,
): Promise<Uint8Array | undefined> {
  let [place, last, node] = [proof.leaf, proof.size - 1, leafHash];
  if (!Number.isSafeInteger(last) || place < 0 || place > last) return undefined;
  for (const text of proof.path) {
    const sibling = fromBase64(text);
    if (last === 0 || sibling.length !== 32) return undefined;
    if (place % 2 === 1 || place === last) {
      node = await sha256(inner, sibling, node);
      while (place % 2 === 0 && place !== 0) [place, last] = [place / 2, Math.floor(last / 2)];
    } else node = await sha256(inner, node, sibling);
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  return last === 0 ? node : undefined;
}

/** The head is of the log that the checkpoint is of, and not younger than it; where they are of one size, they are one. */
function isOfLog(checkpoint: LogCheckpoint, head: ReturnType<typeof readHead>): boolean {
  if (head === undefined || head.origin !== checkpoint.origin || head.size > checkpoint.size) return false;
  return head.size < checkpoint.size || areSame(head.root, fromBase64(checkpoint.root));
}

async function signature(note: string, checkpoint: LogCheckpoint): Promise<Check> {
  const key = checkpoint.verifier_keys.at(-1) ?? "";
  return { name: "signature", holds: await isNoteSigned(note, key), found: key };
}

/** The list has times to the millisecond, the log to the microsecond. */
function isSaidAlike(listed: AuditEvent, event: AuditEvent): boolean {
  const { occurred_at: shown, ...one } = listed;
  const { occurred_at: sealed, ...other } = event;
  return canonicalJson(one) === canonicalJson(other) && Math.abs(Date.parse(sealed) - Date.parse(shown)) <= 1;
}

const base64Of = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
const headText = (head: ReturnType<typeof readHead>): string =>
  head === undefined ? "" : `${head.origin} · ${head.size}`;
