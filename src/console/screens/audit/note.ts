import { fromBase64 } from "../bytes/base64.ts";
import { areSame, sha256, utf8 } from "../bytes/digest.ts";

/** The head of a log as a note says it (C2SP tlog-checkpoint). */
export interface Head {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** Undefined for what is no signed head. */
export function readHead(note: string): Head | undefined {
  const [origin = "", size = "", root = ""] = note.split("\n");
  if (origin === "" || !/^(?:0|[1-9]\d{0,15})$/.test(size) || !/^[A-Za-z0-9+/]{43}=$/.test(root)) return undefined;
  return { origin, size: Number(size), root: fromBase64(root) };
}

/**
 * Whether the key has signed the note (C2SP signed-note, Ed25519).
 * @param verifierKey `<name>+<id>+<key>`
 * @returns undefined where this browser has no Ed25519
 */
export async function isNoteSigned(note: string, verifierKey: string): Promise<boolean | undefined> {
  const [, name = "", id = "", encoded = ""] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(verifierKey) ?? [];
  const split = note.lastIndexOf("\n\n");
  const bytes = fromBase64(encoded);
  if (split < 0 || bytes.length !== 33 || bytes[0] !== 1) return false;
  const own = (await sha256(utf8(`${name}\n`), bytes)).slice(0, 4);
  if (hexOf(own) !== id) return false;
  const lines = note.slice(split + 2).split("\n");
  const signature = lines.map((line) => signatureOf(line, name, own)).find((found) => found !== undefined);
  if (signature === undefined) return false;
  return verify(bytes.slice(1), signature, utf8(note.slice(0, split + 1)));
}

function signatureOf(line: string, name: string, id: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const [, signer, encoded = ""] = /^— (\S+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? [];
  if (signer !== name) return undefined;
  const bytes = fromBase64(encoded);
  return areSame(bytes.slice(0, 4), id) ? bytes.slice(4) : undefined;
}

async function verify(
  key: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  text: Uint8Array<ArrayBuffer>,
): Promise<boolean | undefined> {
  try {
    const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, signature, text);
  } catch {
    return undefined;
  }
}

const hexOf = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
