import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { parseCheckpoint } from "../../src/evidence/log/checkpoint.ts";
import { consistent, emptyRoot } from "../../src/evidence/log/merkle.ts";
import { cosign, formatSignature, type NoteKey, noteKey, parseNote, signedBy } from "../../src/evidence/log/note.ts";

interface Owner {
  teardown(work: () => Promise<unknown>): unknown;
}

/** What a witness remembers of a log. */
interface Remembered {
  readonly size: number;
  readonly root: Uint8Array;
}

interface Verdict {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
}

export const witnessTime = 1_800_000_000;

/** What C2SP tlog-witness has a witness answer to `add-checkpoint`, and what it remembers afterwards. */
function judge(body: string, logKey: NoteKey, seen: Remembered | undefined): Verdict & { head?: Remembered } {
  const split = body.indexOf("\n\n");
  const [old = "", ...lines] = body.slice(0, split).split("\n");
  const size = /^old (0|[1-9]\d*)$/.exec(old)?.[1];
  if (size === undefined || lines.length > 63) return { status: 400 };
  const note = parseNote(body.slice(split + 2));
  const head = parseCheckpoint(note.text);
  if (head.origin !== logKey.name) return { status: 404 };
  try {
    if (signedBy(note, logKey) === undefined) return { status: 403 };
  } catch {
    return { status: 403 };
  }
  const first = Number(size);
  if (first > head.size) return { status: 400 };
  if (first !== (seen?.size ?? 0)) return { status: 409, type: "text/x.tlog.size", body: `${seen?.size ?? 0}\n` };
  const path = lines.map((line) => Buffer.from(line, "base64"));
  const firstRoot = seen?.root ?? emptyRoot;
  if (!consistent({ first, second: head.size, firstRoot, secondRoot: head.root, path })) return { status: 422 };
  return { status: 200, head };
}

export interface WitnessServer {
  readonly url: string;
  /** What it signs with. */
  readonly key: NoteKey;
  /** The status of each answer, in the order of the questions; undefined where it has not answered. */
  readonly answers: (number | undefined)[];
  readonly size: number;
  /** It forgets the log, as one that was set up anew. */
  forget(): void;
  /** It remembers another log of that size. */
  pretend(size: number): void;
  /** It behaves as that says, where it answers true; undefined: as it should. */
  misbehave: ((response: ServerResponse, note: string) => boolean) | undefined;
  /** Its signature line under a text. */
  sign(text: string, seconds?: number): string;
}

/** A witness of one log, as C2SP tlog-witness describes it and written from that description. @param logKey the log that it knows */
export async function startWitness(t: Owner, logKey: NoteKey, name = "witness.example/w"): Promise<WitnessServer> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const key = noteKey(name, createPublicKey(privateKey), "cosignature");
  let seen: Remembered | undefined;
  const answers: (number | undefined)[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await textOf(request);
    const at = answers.push(undefined) - 1;
    const note = body.slice(body.indexOf("\n\n") + 2);
    if (server.misbehave?.(response, note) === true) return;
    const right = request.method === "POST" && request.url === "/add-checkpoint";
    const verdict = right ? judge(body, logKey, seen) : { status: 404 };
    if (verdict.head !== undefined) seen = verdict.head;
    answers[at] = verdict.status;
    response.writeHead(verdict.status, verdict.type === undefined ? {} : { "content-type": verdict.type });
    response.end(verdict.status === 200 ? server.sign(parseNote(note).text) : (verdict.body ?? ""));
  };
  const http = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await once(http, "listening");
  t.teardown(async () => {
    http.closeAllConnections();
    http.close();
    if (http.listening) await once(http, "close");
  });
  const server: WitnessServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    key,
    answers,
    get size() {
      return seen?.size ?? 0;
    },
    forget: () => (seen = undefined),
    pretend: (size) => (seen = { size, root: randomBytes(32) }),
    misbehave: undefined,
    sign: (text, seconds = witnessTime) => formatSignature(cosign(text, key, privateKey, seconds)),
  };
  return server;
}
