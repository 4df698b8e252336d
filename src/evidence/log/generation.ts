import { parseCheckpoint } from "./checkpoint.ts";
import { formatNote, noteKey, parseNote } from "./note.ts";
import type { LogSigner } from "./signer.ts";

const form = /^(.+)\/g([2-9]|[1-9]\d+)$/;

/** The name that a log has from its nth restore on; the first is the one of its key. */
export function nameOfGeneration(name: string, generation: number): string {
  return generation === 1 ? name : `${name}/g${generation}`;
}

/** Which generation of the log of that name an origin is; undefined where it is another log. */
export function generationOf(name: string, origin: string): number | undefined {
  if (origin === name) return 1;
  const found = form.exec(origin);
  return found?.[1] === name ? Number(found[2]) : undefined;
}

/** The same key under the name that the log has now, since a checkpoint's origin is the name of who signs it; of another log, the key as it is. */
export function signerOf(signer: LogSigner, origin: string): LogSigner {
  const { key, privateKey, also = [] } = signer;
  if (key.name === origin || firstName(key.name) !== firstName(origin)) return signer;
  return { key: noteKey(origin, key.publicKey), privateKey, also: also.map((one) => signerOf(one, origin)) };
}

/** A head of the log as it was signed, without what witnesses have put under it. */
export function ownNote(note: string): string {
  const { text, signatures } = parseNote(note);
  const { origin } = parseCheckpoint(text);
  return formatNote({ text, signatures: signatures.filter(({ name }) => name === origin) });
}

/** The name that the log began with. */
export function firstName(origin: string): string {
  return form.exec(origin)?.[1] ?? origin;
}

/** Whether a log that has this name now may have had that one. */
export function mayHaveBeen(origin: string, earlier: string): boolean {
  const name = firstName(origin);
  const [now, then] = [generationOf(name, origin), generationOf(name, earlier)];
  return now !== undefined && then !== undefined && then <= now;
}
