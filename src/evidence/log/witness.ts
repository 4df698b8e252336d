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
 * @param logKey what the heads in it must be signed with: one that is not counts as tampering
 */
export function fileWitness(path: string, logKey: NoteKey): Witness {
  return {
    name: path,
    async show(note, prove) {
      const kept = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return "";
        throw error;
      });
      const head = parseCheckpoint(parseNote(note).text);
      const last = lastNote(kept);
      if (last !== undefined) {
        const before = parseNote(last);
        if (!isSigned(before, logKey)) throw contradicted(path, "its last head is not signed by the log");
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
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const path = await prove(remembered);
        const proof = path.map((hash) => `${Buffer.from(hash).toString("base64")}\n`).join("");
        const response = await fetch(`${url.replace(/\/$/, "")}/add-checkpoint`, {
          method: "POST",
          body: `old ${remembered}\n${proof}\n${note}`,
          redirect: "error",
          signal: AbortSignal.timeout(timeoutMs),
        });
        const answer = await limited(response);
        if (response.status === 409 && response.headers.get("content-type") === "text/x.tlog.size") {
          remembered = sizeIn(answer, parseCheckpoint(text).size, key.name);
          continue;
        }
        if (response.status === 422) throw contradicted(key.name, "it refuses the consistency proof");
        if (response.status !== 200) throw new Error(`the witness ${key.name} answers ${response.status}`);
        const own = answer
          .split("\n")
          .filter(Boolean)
          .map(parseSignature)
          .filter((one) => one.name === key.name);
        if (signedBy({ text, signatures: own }, key) === undefined) {
          throw new Error(`the witness ${key.name} has not signed with the key that is known of it`);
        }
        remembered = parseCheckpoint(text).size;
        return own.filter((one) => one.id.equals(key.id));
      }
      throw new Error(`the witness ${key.name} does not keep to one size`);
    },
  };
}

function sizeIn(answer: string, own: number, name: string): number {
  const size = /^(0|[1-9]\d{0,15})\n$/.exec(answer)?.[1];
  if (size === undefined) throw new Error(`the witness ${name} does not say which size it remembers`);
  if (Number(size) > own) throw contradicted(name, `it has seen ${size} leaves, the log has ${own}`);
  return Number(size);
}

async function limited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > largestAnswer) throw new Error("the witness answers more than 16 KiB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
