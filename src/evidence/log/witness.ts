import { appendFile, readFile } from "node:fs/promises";
import { consistent } from "./merkle.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { LogFault } from "./faults.ts";
import { type Note, type NoteKey, type NoteSignature, parseNote, parseSignature, signedBy } from "./note.ts";

/** Somebody outside who remembers heads of the log and tells a shorter or another log from a longer one. */
export interface Witness {
  readonly name: string;
  /**
   * Shows it a signed head.
   * @param prove the consistency proof from the size that the witness remembers
   * @returns the lines that it puts under the head
   * @throws LogFault WITNESS_CONTRADICTED where the head does not continue what the witness has seen
   */
  show(note: string, prove: (first: number) => Promise<readonly Uint8Array[]>): Promise<readonly NoteSignature[]>;
}

/**
 * A file that heads are appended to, elsewhere than the database: its last one is what the log must continue.
 * @param logKeys of which one must have signed the heads in it: one that is not signed counts as tampering
 */
export function fileWitness(path: string, ...logKeys: readonly NoteKey[]): Witness {
  return {
    name: path,
    async show(note, prove) {
      const kept = await readFile(path, "utf8").catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
        throw error;
      });
      const head = parseCheckpoint(parseNote(note).text);
      const last = lastNote(kept);
      if (last !== undefined) {
        const before = parseNote(last);
        if (!logKeys.some((key) => isSigned(before, key)))
          throw contradicted(path, "its last head is not signed by the log");
        const seen = parseCheckpoint(before.text);
        if (seen.size > head.size)
          throw contradicted(path, `it has seen ${seen.size} leaves, the log has ${head.size}`);
        const continues = consistent({
          first: seen.size,
          second: head.size,
          firstRoot: seen.root,
          secondRoot: head.root,
          path: await prove(seen.size),
        });
        if (!continues) throw contradicted(path, `the log does not continue the one of ${seen.size} leaves`);
        if (seen.size === head.size) return [];
      }
      // Behind a head that was cut off while it was written, a new one begins on its own.
      const apart = kept === "" || kept.endsWith("\n\n") ? "" : "\n\n";
      await appendFile(path, `${apart}${note}\n`, { mode: 0o644, flush: true });
      return [];
    },
  };
}

/** Heads are kept one after the other, each followed by an empty line; what has no signature was cut off and does not count. */
function lastNote(kept: string): string | undefined {
  const whole = kept.slice(0, kept.lastIndexOf("\n\n") + 1);
  const last = whole.split(/\n\n(?=[^—\n])/).findLast((text) => text.includes("\n\n— "));
  return last === undefined || last.endsWith("\n") ? last : `${last}\n`;
}

function isSigned(note: Note, key: NoteKey): boolean {
  try {
    return signedBy(note, key) !== undefined;
  } catch {
    return false;
  }
}

function contradicted(name: string, what: string): LogFault {
  return new LogFault("WITNESS_CONTRADICTED", `The witness ${name} contradicts the log: ${what}.`);
}

export interface HttpWitnessOptions {
  /** The prefix of its API (C2SP tlog-witness). */
  readonly url: string;
  /** What it cosigns with. */
  readonly key: NoteKey;
  readonly timeoutMs: number;
}

const largestAnswer = 16 * 1024;

/** A witness that is asked over HTTP, by `add-checkpoint` of C2SP tlog-witness. It is told once more where it remembers another size. */
export function httpWitness({ url, key, timeoutMs }: HttpWitnessOptions): Witness {
  let remembered = 0;
  return {
    name: key.name,
    async show(note, prove) {
      const { text } = parseNote(note);
      const { size } = parseCheckpoint(text);
      // For both times that it may be asked.
      const signal = AbortSignal.timeout(timeoutMs);
      for (let attempt = 0; attempt < 2; attempt += 1) {
        // A log that has become shorter asks what the witness has seen, and is told.
        const old = remembered > size ? 0 : remembered;
        const { status, type, answer } = await addCheckpoint(
          url,
          `old ${old}\n${proofLines(await prove(old))}\n${note}`,
          signal,
        );
        if (status === 409 && type === "text/x.tlog.size") {
          remembered = sizeIn(answer, size, key.name);
          continue;
        }
        if (status === 422) throw contradicted(key.name, "it refuses the consistency proof");
        if (status !== 200) throw new Error(`the witness ${key.name} answers ${status}`);
        const line = ownLine(answer, text, key);
        remembered = size;
        return [line];
      }
      throw new Error(`the witness ${key.name} does not keep to one size`);
    },
  };
}

async function addCheckpoint(url: string, body: string, signal: AbortSignal) {
  const response = await fetch(`${url.replace(/\/$/, "")}/add-checkpoint`, {
    method: "POST",
    body,
    redirect: "error",
    signal,
  });
  const type = response.headers.get("content-type")?.split(";")[0]?.trim();
  return { status: response.status, type, answer: await limited(response) };
}

function proofLines(path: readonly Uint8Array[]): string {
  return path.map((hash) => `${Buffer.from(hash).toString("base64")}\n`).join("");
}

/** What the witness's own key has put under the text; lines of keys that are not known of it are passed over. @throws Error where it has not */
function ownLine(answer: string, text: string, key: NoteKey): NoteSignature {
  const own = answer
    .split("\n")
    .filter(Boolean)
    .map(parseSignature)
    .filter(({ name, id }) => name === key.name && id.equals(key.id));
  // A cosignature without its time says nothing of when the head was seen.
  const [line] = own;
  if (line === undefined || !signedBy({ text, signatures: own }, key)) {
    throw new Error(`the witness ${key.name} has not signed with the key that is known of it`);
  }
  return line;
}

function sizeIn(answer: string, own: number, name: string): number {
  const size = /^(0|[1-9]\d{0,15})\n$/.exec(answer)?.[1];
  if (size === undefined) throw new Error(`the witness ${name} does not say which size it remembers`);
  if (Number(size) > own) throw contradicted(name, `it has seen ${size} leaves, the log has ${own}`);
  return Number(size);
}

async function limited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  const body: AsyncIterable<Uint8Array> | readonly Uint8Array[] = response.body ?? [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > largestAnswer) throw new Error("the witness answers more than 16 KiB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
