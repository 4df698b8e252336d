import { createHash, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** What is signed with a note key: a text as it stands, or a checkpoint with the time at which it was seen (C2SP). */
export const noteTypes = { note: 0x01, cosignature: 0x04 } as const;
export type NoteType = keyof typeof noteTypes;

/** A public key of notes. */
export interface NoteKey {
  readonly name: string;
  /** Four bytes that name it beside its name. */
  readonly id: Buffer;
  readonly type: NoteType;
  readonly publicKey: KeyObject;
}

/** One signature line of a note. */
export interface NoteSignature {
  readonly name: string;
  readonly id: Buffer;
  readonly signature: Buffer;
}

export interface Note {
  /** Up to and with its last newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const nameForm = /^[^\s+\p{Cc}]{1,250}$/u;
const derPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** Names an Ed25519 key for notes (C2SP signed-note). @throws TypeError for a name that may not be */
export function noteKey(name: string, publicKey: KeyObject, type: NoteType = "note"): NoteKey {
  if (!nameForm.test(name)) throw new TypeError("a key name has neither spaces nor plus signs");
  const raw = rawKey(publicKey);
  const id = createHash("sha256")
    .update(`${name}\n`)
    .update(Uint8Array.of(noteTypes[type]))
    .update(raw)
    .digest()
    .subarray(0, 4);
  return { name, id, type, publicKey };
}

/** `<name>+<id>+<key>`: what an auditor keeps, to know the log by. */
export function verifierKey({ name, id, type, publicKey }: NoteKey): string {
  const encoded = Buffer.concat([Uint8Array.of(noteTypes[type]), rawKey(publicKey)]).toString("base64");
  return `${name}+${id.toString("hex")}+${encoded}`;
}

/** @throws TypeError for what is no verifier key of a kind that is known here */
export function parseVerifierKey(text: string): NoteKey {
  const [, name = "", id = "", encoded = ""] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = Buffer.from(encoded, "base64");
  const type = (Object.keys(noteTypes) as NoteType[]).find((one) => noteTypes[one] === bytes[0]);
  if (type === undefined || bytes.length !== 33) throw new TypeError("that is no Ed25519 verifier key");
  const key = noteKey(name, publicKeyOf(bytes.subarray(1)), type);
  if (key.id.toString("hex") !== id) throw new TypeError("the verifier key's id is not that of its key");
  return key;
}

/** A signature line for the text. @throws TypeError for a text that no note may have */
export function signNote(text: string, key: NoteKey, privateKey: KeyObject): NoteSignature {
  requireText(text);
  return { name: key.name, id: key.id, signature: sign(null, Buffer.from(text), privateKey) };
}

export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(formatSignature).join("")}`;
}

export function formatSignature({ name, id, signature }: NoteSignature): string {
  return `— ${name} ${Buffer.concat([id, signature]).toString("base64")}\n`;
}

/** Takes a note apart, without believing it. @throws TypeError for what is no note */
export function parseNote(note: string): Note {
  const split = note.lastIndexOf("\n\n");
  if (split === -1 || !note.endsWith("\n")) throw new TypeError("a note has a text, an empty line and signatures");
  const text = note.slice(0, split + 1);
  requireText(text);
  const lines = note.slice(split + 2, -1).split("\n");
  if (lines.length > 64) throw new TypeError("a note with more than 64 signatures is not read");
  return { text, signatures: lines.map(parseSignature) };
}

/** @throws TypeError for a line that is no signature */
export function parseSignature(line: string): NoteSignature {
  const [, name = "", encoded = ""] = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
  const bytes = Buffer.from(encoded, "base64");
  if (!nameForm.test(name) || bytes.length < 5 || bytes.toString("base64") !== encoded) {
    throw new TypeError("that is no signature line");
  }
  return { name, id: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

/**
 * Whether the key has signed the note.
 * @returns for a cosignature the seconds since 1970 at which it was made, else 0; undefined where the key has not signed
 * @throws TypeError where a signature stands under the key's name that is not its own
 */
export function signedBy(note: Note, key: NoteKey): number | undefined {
  const own = note.signatures.filter((one) => one.name === key.name && one.id.equals(key.id));
  if (own.length === 0) return undefined;
  const times = own.map(({ signature }) => timeOf(note.text, key, signature));
  if (times.some((time) => time === undefined)) throw new TypeError(`a signature of ${key.name} is false`);
  return times[0];
}

function timeOf(text: string, key: NoteKey, signature: Buffer): number | undefined {
  if (key.type === "note") return verify(null, Buffer.from(text), key.publicKey, signature) ? 0 : undefined;
  if (signature.length !== 72) return undefined;
  const time = signature.readBigUInt64BE(0);
  const message = cosignedText(text, time);
  return time < 2n ** 53n && verify(null, message, key.publicKey, signature.subarray(8)) ? Number(time) : undefined;
}

/** What a cosigner signs (C2SP tlog-cosignature). */
export function cosignedText(text: string, time: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
}

/** A cosignature at that time, in seconds since 1970. */
export function cosign(text: string, key: NoteKey, privateKey: KeyObject, seconds: number): NoteSignature {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(seconds));
  const signature = Buffer.concat([time, sign(null, cosignedText(text, BigInt(seconds)), privateKey)]);
  return { name: key.name, id: key.id, signature };
}

function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text.replaceAll("\n", ""));
}

function requireText(text: string): void {
  if (!text.endsWith("\n") || hasControl(text)) {
    throw new TypeError("the text of a note ends in a newline and has no other control character");
  }
}

function rawKey(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: "spki", format: "der" }).subarray(-32);
}

function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([derPrefix, raw]), format: "der", type: "spki" });
}
