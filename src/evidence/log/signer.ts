import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { type NoteKey, noteKey, noteTypes } from "./note.ts";

/** What signs the checkpoints of the log. */
export interface LogSigner {
  readonly key: NoteKey;
  readonly privateKey: KeyObject;
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
