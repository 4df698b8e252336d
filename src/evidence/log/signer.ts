import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { type Note, type NoteKey, noteKey, type NoteSignature, noteTypes, signedBy, signNote } from "./note.ts";

/** What signs the checkpoints of the log. */
export interface LogSigner {
  readonly key: NoteKey;
  readonly privateKey: KeyObject;
  /** Keys that the log had before, and that sign beside the present one while it takes over. */
  readonly also?: readonly LogSigner[];
}

const form = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/;
const derPrefix = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * Reads a private key in the form that tools for signed notes write: `PRIVATE+KEY+<name>+<id>+<key>`.
 * @throws TypeError that does not repeat the key
 */
export function parseLogSigner(text: string): LogSigner {
  const [, name = "", id = "", encoded = ""] = form.exec(text) ?? [];
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.length !== 33 || bytes[0] !== noteTypes.note) {
    throw new TypeError("a log key is PRIVATE+KEY+<name>+<id>+<Ed25519 key in base64>");
  }
  const privateKey = createPrivateKey({
    key: Buffer.concat([derPrefix, bytes.subarray(1)]),
    format: "der",
    type: "pkcs8",
  });
  const key = noteKey(name, createPublicKey(privateKey));
  if (key.id.toString("hex") !== id) throw new TypeError("the log key's id is not that of its name and key");
  return { key, privateKey };
}

/** A signer of that name. @param seed 32 secret bytes */
export function logSigner(name: string, seed: Uint8Array): LogSigner {
  const privateKey = createPrivateKey({
    key: Buffer.concat([derPrefix, seed]),
    format: "der",
    type: "pkcs8",
  });
  return { key: noteKey(name, createPublicKey(privateKey)), privateKey };
}

/** The private key as text. @param seed 32 random bytes */
export function formatLogKey(name: string, seed: Uint8Array): string {
  const privateKey = createPrivateKey({ key: Buffer.concat([derPrefix, seed]), format: "der", type: "pkcs8" });
  const { id } = noteKey(name, createPublicKey(privateKey));
  const encoded = Buffer.concat([Uint8Array.of(noteTypes.note), seed]).toString("base64");
  return `PRIVATE+KEY+${name}+${id.toString("hex")}+${encoded}`;
}

/** The keys of a signer: the present one, and those before it that still sign beside it. */
export function keysOf({ key, also = [] }: LogSigner): readonly NoteKey[] {
  return [key, ...also.map((one) => one.key)];
}

/** A line under a head for each of its keys, the present one first: who knows only the key before can still read the head. */
export function headSignatures(text: string, { also = [], ...present }: LogSigner): NoteSignature[] {
  return [present, ...also].map(({ key, privateKey }) => signNote(text, key, privateKey));
}

/** Whether one of its keys has signed the note. @throws TypeError where a signature under one of them is false */
export function hasSigned(note: Note, signer: LogSigner): boolean {
  return keysOf(signer).filter((key) => signedBy(note, key) !== undefined).length > 0;
}
